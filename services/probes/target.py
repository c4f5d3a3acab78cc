"""What a probe is asked to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class InvalidSpec(ValueError):
    """A specification that no probe can carry out.

    `field` is the name of the specification's key, which is also that of the form's field;
    `message` is for the person who fills in the form and never repeats a secret.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Target:
    """One check at one location, due at one instant; plain values, so that a task can carry it.

    `spec` is what the kind's `parse` understands. `secrets` is the part that is encrypted at
    rest: for HTTP `{"headers": {name: value}}`. `slow_after_s` holds where the spec names no
    threshold of its own; None: never slow. `facts` is what the portal itself knows of the target
    at `due_at`, for kinds that judge without asking anybody: see services.probes.heartbeat.
    """

    check_id: int
    location_id: int
    kind: str
    spec: Mapping[str, Any]
    due_at: datetime
    timeout_s: float = 10.0
    slow_after_s: float | None = None
    # Kept out of repr, which ends up in logs and error reports.
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)
