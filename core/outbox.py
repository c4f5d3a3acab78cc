"""The hand-over upward: a lower app appends an Event, an upper app sweeps it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _


class Event(models.Model):
    """Something that others may want to act upon. Rows are only ever added.

    Each reader keeps its own mark of what it has handled, so that several readers can follow one
    outbox and none of them writes here.
    """

    kind = models.CharField(_("kind"), max_length=60)
    at = models.DateTimeField(_("at"))
    # The same fact told twice is one event: "prober.doubt:main:internet:2026-11-22T10:00:00Z".
    key = models.CharField(_("key"), max_length=200, unique=True)
    payload = models.JSONField(_("payload"), encoder=DjangoJSONEncoder, default=dict)

    class Meta:
        app_label = "core"
        verbose_name = _("event")
        verbose_name_plural = _("events")
        indexes = [
            # Readers follow one kind in order of id.
            models.Index(fields=["kind", "id"], name="event_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


def append(*, kind: str, key: str, at: datetime, payload: dict[str, Any]) -> None:
    """Add an event, once for each `key`; call it inside the transaction of the fact itself."""
    Event.objects.bulk_create(
        [Event(kind=kind, key=key, at=at, payload=payload)], ignore_conflicts=True
    )
