"""Tokens by which agencies' systems call the portal. Kept in models.py's namespace."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts import tokens


class Scope(models.TextChoices):
    """The words of accounts.tokens.Scope."""

    HEARTBEAT = tokens.Scope.HEARTBEAT.value, pgettext_lazy("scope of a token", "Send heartbeats")
    SUSPECT = (
        tokens.Scope.SUSPECT.value,
        pgettext_lazy("scope of a token", "Say that an outage is suspected"),
    )
    READ = tokens.Scope.READ.value, pgettext_lazy("scope of a token", "Read its own services")


class ApiToken(models.Model):
    """What a system of one agency shows when it calls; kept as a hash only, shown once.

    It belongs to the agency and not to whoever made it: people leave, systems stay.
    """

    # Its beginning, by which people and the record name it; it opens nothing.
    public_id = models.CharField(_("token"), max_length=10, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    name = models.CharField(
        _("name"), max_length=120, help_text=_("The system that will use it, for people.")
    )
    agency = models.ForeignKey(
        "accounts.Agency",
        on_delete=models.PROTECT,
        related_name="api_tokens",
        verbose_name=_("agency"),
    )
    scopes = ArrayField(
        models.CharField(max_length=12, choices=Scope.choices), verbose_name=_("allowed to")
    )
    created_at = models.DateTimeField(_("made at"), editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("made by"),
        editable=False,
    )
    expires_at = models.DateTimeField(_("expires at"))
    # To the minute: a system that calls in a loop must not write in a loop.
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, editable=False)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("revoked by"),
        null=True,
        editable=False,
    )

    class Meta:
        app_label = "accounts"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    expires_at__lte=models.F("created_at") + tokens.LONGEST_LIFE,
                    expires_at__gt=models.F("created_at"),
                ),
                name="token_lives_366_days_at_most",
            ),
            models.CheckConstraint(
                condition=models.Q(scopes__len__gt=0), name="token_is_for_something"
            ),
        ]

    def __str__(self) -> str:
        return tokens.shown(self.public_id)

    @property
    def name_in_record(self) -> str:
        """How the record of acts names a system that wrote (core.audit)."""
        return f"token {tokens.shown(self.public_id)} ({self.name})"
