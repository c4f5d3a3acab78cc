"""Settings, all from the environment (docs/configuration.md). A bad value stops the start."""

from __future__ import annotations

from statusportal.settings.authority import *
from statusportal.settings.base import *
from statusportal.settings.doors import *
from statusportal.settings.measuring import *
from statusportal.settings.people import *
