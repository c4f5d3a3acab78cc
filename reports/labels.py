"""The words of reports, once each (docs/words.md)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class Settled(models.TextChoices):
    """What became of a suspicion."""

    WAITING = "waiting", pgettext_lazy("what became of a suspicion", "Waits for an operator")
    LINKED = "linked", pgettext_lazy("what became of a suspicion", "Belongs to an incident")
    OPENED = "opened", pgettext_lazy("what became of a suspicion", "An incident was opened")
    SET_ASIDE = "set_aside", pgettext_lazy("what became of a suspicion", "Set aside")
