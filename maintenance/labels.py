"""The words of planned maintenance, once each (docs/words.md)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from services.status.window import WindowEffect


class Effect(models.TextChoices):
    """What the work does to its channels (rule 14)."""

    STOPPED = WindowEffect.STOPPED.value, pgettext_lazy("effect of work", "Stopped")
    PARTLY = WindowEffect.PARTLY.value, pgettext_lazy("effect of work", "Partly available")
    SLOW = WindowEffect.SLOW.value, pgettext_lazy("effect of work", "Slow")
    NONE = WindowEffect.NONE.value, pgettext_lazy("effect of work", "No effect")


class State(models.TextChoices):
    """Where a window stands by what people did; the clock's part is maintenance.windows'."""

    DRAFT = "draft", pgettext_lazy("state of a window", "Draft")
    SUBMITTED = "submitted", pgettext_lazy("state of a window", "Submitted")
    RETURNED = "returned", pgettext_lazy("state of a window", "Returned")
    APPROVED = "approved", pgettext_lazy("state of a window", "Approved")
    CANCELLED = "cancelled", pgettext_lazy("state of a window", "Cancelled")
    POSTPONED = "postponed", pgettext_lazy("state of a window", "Postponed")
    COMPLETED = "completed", pgettext_lazy("state of a window", "Completed")


class Kind(models.TextChoices):
    """Planned work keeps the policy; emergency work breaks it, and is counted apart."""

    PLANNED = "planned", pgettext_lazy("kind of window", "Planned")
    EMERGENCY = "emergency", pgettext_lazy("kind of window", "Emergency")


class Deadlines(models.TextChoices):
    """What becomes of deadlines that fall into the window."""

    UNCHANGED = "unchanged", _("Deadlines stay as they are")
    EXTENDED = "extended", _("Deadlines are extended")
    NOT_CONCERNED = "none", _("The service has no deadlines")


class Payments(models.TextChoices):
    """What becomes of payments under way when the window begins."""

    SAFE = "safe", _("Payments under way are safe")
    DO_NOT_REPEAT = "wait", _("Do not pay again: payments under way are settled afterwards")
    NOT_CONCERNED = "none", _("The service takes no payments")


class CalendarKind(models.TextChoices):
    """Times that change what a suitable hour is."""

    HOLIDAY = "holiday", _("Public holiday")
    FREEZE = "freeze", _("Freeze: no planned work")
    RAMADAN = "ramadan", _("Ramadan: the nights are busy")
