"""System checks of a deployment: what would make an alarm reach nobody."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


def connect() -> None:
    """Register the checks; called once, when the apps are ready."""
    register(mail_goes_out, Tags.security, deploy=True)


def mail_goes_out(**_: Any) -> list[CheckMessage]:
    """Without a server invitations are carried by hand, and alarms lie in a folder."""
    if settings.EMAIL_HOST:
        return []
    return [
        Warning(
            "EMAIL_HOST is not set: whoever breaks the glass is told to nobody.",
            hint=f"Set EMAIL_HOST; until then mails are files in {settings.EMAIL_FILE_PATH}.",
            id="accounts.W001",
        )
    ]
