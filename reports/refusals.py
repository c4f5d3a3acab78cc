"""Why an act on a suspicion is refused, beside what incidents.refusals names."""

from __future__ import annotations

from incidents.refusals import Refused


class AlreadySettled(Refused):
    """Somebody was quicker. Nothing to mend."""


class KeyUsedOtherwise(Exception):
    """One idempotency key came with two documents."""
