"""How public pages are answered when everybody asks at once (docs/serving.md)."""

from __future__ import annotations

from core import env

# Of one web process. Two editions of the pages live for a moment, each within half of it.
PAGE_CACHE_BYTES = env.number("PAGE_CACHE_BYTES", 64 * 2**20, at_least=2**20)
