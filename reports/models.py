"""What people and systems tell us. Nothing here is public by itself: an incident makes it so."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency, ApiToken
from core.bilingual import Bilingual, of
from incidents.models import Incident
from reports.labels import Settled
from services.models import Service

# Without letters and digits that look or sound alike: references are read aloud on the phone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_suspicion_ref() -> str:
    """The reference of a suspicion, e.g. SU-7K3P92: stable, never reused."""
    return "SU-" + "".join(secrets.choice(_ALPHABET) for _unused in range(6))


class Suspicion(models.Model):
    """An agency's system says that a service of the agency seems to be down.

    It waits for a person, who links it to an incident, opens one from it, or sets it aside.
    """

    ref = models.CharField(
        _("reference"), max_length=12, unique=True, editable=False, default=new_suspicion_ref
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="suspicions", verbose_name=_("service")
    )
    # The service's at that time; a service may move.
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="suspicions", verbose_name=_("agency")
    )
    # Since when, as the agency says.
    began_at = models.DateTimeField(_("began at"))
    text_ar = models.TextField(_("what the agency says, in Arabic"), blank=True)
    text_en = models.TextField(_("what the agency says, in English"), blank=True)
    contact = models.CharField(_("whom to ask"), max_length=200)

    told_at = models.DateTimeField(_("told at"))
    token = models.ForeignKey(
        ApiToken, on_delete=models.PROTECT, related_name="suspicions", verbose_name=_("token")
    )
    # One key of one token is one suspicion, however often it is sent.
    idempotency_key = models.CharField(max_length=128, editable=False)
    # SHA-256 of what came with the key: with another text it is another suspicion, or a mistake.
    fingerprint = models.CharField(max_length=64, editable=False)

    settled = models.CharField(
        _("what became of it"), max_length=10, choices=Settled.choices, default=Settled.WAITING
    )
    settled_at = models.DateTimeField(_("settled at"), null=True, editable=False)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("settled by"),
        null=True,
        editable=False,
    )
    incident = models.ForeignKey(
        Incident,
        on_delete=models.PROTECT,
        related_name="suspicions",
        verbose_name=_("incident"),
        null=True,
        editable=False,
    )
    reason = models.TextField(_("why it was set aside"), blank=True, editable=False)

    class Meta:
        verbose_name = _("suspected outage")
        verbose_name_plural = _("suspected outages")
        indexes = [
            # The board: what waits, oldest first.
            models.Index(
                fields=["told_at"],
                name="suspicion_waiting",
                condition=models.Q(settled=Settled.WAITING),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["token", "idempotency_key"], name="suspicion_once_for_a_key"
            ),
            models.CheckConstraint(
                condition=models.Q(settled=Settled.WAITING, settled_at__isnull=True)
                | (~models.Q(settled=Settled.WAITING) & models.Q(settled_at__isnull=False)),
                name="suspicion_settled_has_instant",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    settled__in=[Settled.LINKED, Settled.OPENED], incident__isnull=False
                )
                | models.Q(settled__in=[Settled.WAITING, Settled.SET_ASIDE], incident__isnull=True),
                name="suspicion_of_an_incident_names_it",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def text(self) -> Bilingual:
        return of(self, "text")

    @property
    def is_waiting(self) -> bool:
        return self.settled == Settled.WAITING
