"""Settings, all from the environment (docs/configuration.md). A bad value stops the start."""

from __future__ import annotations

from statusportal.settings.agency_api import *
from statusportal.settings.authority import *
from statusportal.settings.base import *
from statusportal.settings.doors import *
from statusportal.settings.keeping import *
from statusportal.settings.logs import *
from statusportal.settings.mail import *
from statusportal.settings.measuring import *
from statusportal.settings.people import *
from statusportal.settings.pools import *
from statusportal.settings.serving import *
from statusportal.settings.signing_in import *
from statusportal.settings.single_sign_on import *
from statusportal.settings.watching import *
