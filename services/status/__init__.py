"""The rules of truth (docs/truth.md), as pure functions: standard library only, no clock, no I/O.

Every function takes the instants it needs as arguments. The rule that a function implements is
cited by number in its docstring, and by the same number in the name of its test.
"""
