from __future__ import annotations

from tests.statusportal.ops.conftest import at_one_o_clock

__all__ = ["at_one_o_clock"]
