"""The portal's settings, with our finger in its processes: for runs of chaos alone."""

from __future__ import annotations

from statusportal.settings import *  # noqa: F403
from statusportal.settings import INSTALLED_APPS as _INSTALLED_APPS

INSTALLED_APPS = [*_INSTALLED_APPS, "bench.chaos.planted"]
