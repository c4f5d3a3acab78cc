"""Error reports without secrets: what Django hides in them, and what is a secret here besides."""

from __future__ import annotations

import re
from typing import Any

from django.views.debug import SafeExceptionReporterFilter

# Addresses of servers carry passwords; `value` is what the forms of secret headers call theirs.
_HIDDEN = re.compile(
    r"API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|COOKIE|CREDENTIAL|DATABASE|REDIS|BROKER|CACHES"
    r"|LOCATION|SEALED|SESSION|RECOVERY|DOOR|DEADMAN",
    re.IGNORECASE,
)


class Discreet(SafeExceptionReporterFilter):
    """Hides settings and request data by their names, and the variables of every frame.

    Local variables are what a trace of ours could carry of a form: they are hidden in all frames,
    not in those alone that somebody thought of marking.
    """

    hidden_settings = _HIDDEN

    def is_active(self, request: Any) -> bool:
        """Always: a report of a developer's own machine is sent to a colleague one day."""
        return True

    def get_post_parameters(self, request: Any) -> dict[str, Any]:
        """The names of what was typed, without the values."""
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        """The names of the variables, without the values."""
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]
