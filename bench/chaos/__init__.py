"""Fault tests on a whole portal: what was injected, what was checked, what held (docs/chaos.md)."""
