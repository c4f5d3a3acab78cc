"""Planned windows: what agencies ask for, what was announced, and every step in between."""

from __future__ import annotations

import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency
from core.bilingual import Bilingual, of
from maintenance.labels import CalendarKind, Deadlines, Effect, Kind, Payments, State
from services.models import Channel, Service

# Without letters and digits that look or sound alike: references are read aloud on the phone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """The reference of a window, e.g. MW-7K3P92: stable, public, never reused."""
    return "MW-" + "".join(secrets.choice(_ALPHABET) for _unused in range(6))


class Series(models.Model):
    """Windows that repeat by one rule (RFC 5545 RRULE); each occurrence is a window of its own.

    An occurrence may be moved or cancelled without the others.
    """

    rule = models.CharField(
        _("repeats"),
        max_length=200,
        help_text=_("An RRULE of RFC 5545, for example FREQ=MONTHLY;BYDAY=1FR;COUNT=6."),
    )
    created_at = models.DateTimeField(_("created at"))

    class Meta:
        verbose_name = _("series of windows")
        verbose_name_plural = _("series of windows")

    def __str__(self) -> str:
        return self.rule


class Window(models.Model):
    """One planned interruption: of one service or many, at one time, with one effect.

    `state` says what people did. Announced, in progress and running over follow from the clock
    (maintenance.windows): no worker is needed for a window to begin.
    """

    ref = models.CharField(
        _("reference"), max_length=12, unique=True, editable=False, default=new_ref
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="windows", verbose_name=_("agency")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PLANNED)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.DRAFT, editable=False
    )
    effect = models.CharField(
        _("effect"), max_length=8, choices=Effect.choices, default=Effect.STOPPED
    )
    starts_at = models.DateTimeField(_("starts at"))
    # The end that holds now; it moves when the work is extended.
    ends_at = models.DateTimeField(_("ends at"))
    # The last end that was announced before the start: what is planned ends here (rule 16).
    announced_end_at = models.DateTimeField(editable=False, null=True)
    still_works_ar = models.TextField(_("what still works, in Arabic"), blank=True)
    still_works_en = models.TextField(_("what still works, in English"), blank=True)
    text_ar = models.TextField(_("public text in Arabic"), blank=True)
    text_en = models.TextField(_("public text in English"), blank=True)
    meanwhile_ar = models.TextField(_("what to do meanwhile, in Arabic"), blank=True)
    meanwhile_en = models.TextField(_("what to do meanwhile, in English"), blank=True)
    deadlines = models.CharField(
        _("deadlines"), max_length=10, choices=Deadlines.choices, default=Deadlines.NOT_CONCERNED
    )
    deadlines_until = models.DateField(_("extended to"), null=True, blank=True)
    payments = models.CharField(
        _("payments under way"),
        max_length=10,
        choices=Payments.choices,
        default=Payments.NOT_CONCERNED,
    )
    # For the authority, never public.
    reason = models.TextField(_("reason for the work"), blank=True)
    justification = models.TextField(_("why outside the policy"), blank=True)
    ticket = models.CharField(_("change ticket"), max_length=80, blank=True)
    series = models.ForeignKey(
        Series, on_delete=models.PROTECT, related_name="windows", null=True, editable=False
    )
    # The window that takes the place of this one, when it was postponed to another time.
    moved_to = models.OneToOneField(
        "self", on_delete=models.PROTECT, related_name="moved_from", null=True, editable=False
    )

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
    )
    submitted_at = models.DateTimeField(_("submitted at"), null=True, editable=False)
    approved_at = models.DateTimeField(_("approved at"), null=True, editable=False)
    completed_at = models.DateTimeField(_("completed at"), null=True, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, editable=False)
    changed_at = models.DateTimeField(_("changed at"), editable=False)
    # Of its calendar entry; grows with every public change (RFC 5545, 3.8.7.4).
    sequence = models.PositiveIntegerField(default=0, editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        indexes = [
            # The snapshot: what is announced and not long over.
            models.Index(fields=["state", "ends_at"], name="window_state_end"),
            models.Index(fields=["starts_at"], name="window_start"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                name="window_ends_after_start",
                violation_error_message=_("The end must lie after the start."),
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def text(self) -> Bilingual:
        return of(self, "text")

    @property
    def still_works(self) -> Bilingual:
        return of(self, "still_works")

    @property
    def meanwhile(self) -> Bilingual:
        return of(self, "meanwhile")


class WindowService(models.Model):
    """A service that a window names; dependants of a shared service are derived, not listed."""

    window = models.ForeignKey(
        Window, on_delete=models.CASCADE, related_name="services", verbose_name=_("window")
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="windows", verbose_name=_("service")
    )
    channels = models.ManyToManyField(
        Channel,
        verbose_name=_("channels"),
        blank=True,
        related_name="+",
        help_text=_("None chosen means every channel."),
    )

    class Meta:
        verbose_name = _("service in a window")
        verbose_name_plural = _("services in a window")
        constraints = [
            models.UniqueConstraint(
                fields=["window", "service"],
                name="window_service_once",
                violation_error_message=_("This service is listed already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.window} · {self.service}"


class Step(models.Model):
    """One step in the life of a window. Rows are only ever added; public ones make its timeline."""

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        RETURNED = "returned", _("Returned")
        APPROVED = "approved", _("Announced")
        CHANGED = "changed", _("Changed")
        EXTENDED = "extended", _("Extended")
        COMPLETED = "completed", _("Completed")
        CANCELLED = "cancelled", _("Cancelled")
        POSTPONED = "postponed", _("Postponed")

    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    is_public = models.BooleanField(default=False)
    # The times that held after this step.
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note_ar = models.TextField(blank=True)
    note_en = models.TextField(blank=True)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        indexes = [models.Index(fields=["window", "at"], name="step_window")]

    def __str__(self) -> str:
        return f"{self.window_id} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A step is never changed.")
        super().save(*args, **kwargs)


class CalendarPeriod(models.Model):
    """Days that change what a suitable hour is: announced by people, never computed only."""

    kind = models.CharField(_("kind"), max_length=10, choices=CalendarKind.choices)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("calendar period")
        verbose_name_plural = _("calendar periods")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="period_ends_after_start",
                violation_error_message=_("The last day must not lie before the first."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> Bilingual:
        return of(self, "name")
