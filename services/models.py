"""The catalogue: agencies' services, the channels that reach them, what depends on what."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency
from core.bilingual import Bilingual, of
from core.encryption import seal, unseal
from services.labels import Audience, ChannelKind, Network, Visibility
from services.measurement import (
    ChannelFigure,
    CheckState,
    DailyFigure,
    FiguresMark,
    Heartbeat,
    HeartbeatReceiver,
    HeartbeatToken,
    Location,
    Observation,
    ObservationHour,
    ProberDoubt,
    ReferenceTarget,
    ReplayBase,
    StatusChange,
    UnstablePeriod,
)
from services.status.cascade import EdgeKind

__all__ = [
    "Category",
    "Channel",
    "ChannelFigure",
    "Check",
    "CheckState",
    "DailyFigure",
    "Edge",
    "FiguresMark",
    "Heartbeat",
    "HeartbeatReceiver",
    "HeartbeatToken",
    "Location",
    "Observation",
    "ObservationHour",
    "ProberDoubt",
    "ReferenceTarget",
    "ReplayBase",
    "Service",
    "StatusChange",
    "UnstablePeriod",
]

_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_public_id() -> str:
    """Twelve characters of [a-z0-9], as the Statuspage v2 shape has them; never reused."""
    return "".join(secrets.choice(_ALPHABET) for _unused in range(12))


class Category(models.Model):
    """A part of life by which people look for services."""

    slug = models.SlugField(_("slug"), unique=True)
    name_ar = models.CharField(_("name in Arabic"), max_length=120)
    name_en = models.CharField(_("name in English"), max_length=120)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ("position", "slug")

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> Bilingual:
        return of(self, "name")


class Service(models.Model):
    """An e-service of an agency. A shared service is a service that others depend on."""

    public_id = models.CharField(
        _("stable id"), max_length=12, unique=True, editable=False, default=new_public_id
    )
    slug = models.SlugField(
        _("slug"),
        max_length=80,
        unique=True,
        help_text=_("Stands in the address of its page. Changing it breaks people's bookmarks."),
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="services", verbose_name=_("agency")
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        related_name="services",
        verbose_name=_("category"),
        null=True,
        blank=True,
    )
    name_ar = models.CharField(_("name in Arabic"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    description_ar = models.TextField(_("description in Arabic"), blank=True)
    description_en = models.TextField(_("description in English"), blank=True)
    aliases_ar = models.TextField(
        _("other names in Arabic"), blank=True, help_text=_("One a line. Search finds them.")
    )
    aliases_en = models.TextField(
        _("other names in English"), blank=True, help_text=_("One a line. Search finds them.")
    )
    tier = models.PositiveSmallIntegerField(
        _("tier"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(3)],
        help_text=_("1 is critical for the country, 3 can wait."),
    )
    is_shared = models.BooleanField(
        _("shared service"),
        default=False,
        help_text=_("A platform that services of other agencies depend on."),
    )
    audience = ArrayField(
        models.CharField(max_length=10, choices=Audience.choices),
        verbose_name=_("audience"),
        default=list,
        blank=True,
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    hours_ar = models.CharField(_("hours in Arabic"), max_length=200, blank=True)
    hours_en = models.CharField(_("hours in English"), max_length=200, blank=True)
    meanwhile_ar = models.TextField(_("what to do when it is down, in Arabic"), blank=True)
    meanwhile_en = models.TextField(_("what to do when it is down, in English"), blank=True)
    visibility = models.CharField(
        _("visibility"), max_length=10, choices=Visibility.choices, default=Visibility.PUBLIC
    )
    is_beta = models.BooleanField(_("beta"), default=False)
    position = models.PositiveIntegerField(_("position"), default=0)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("position", "slug")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(tier__gte=1, tier__lte=3), name="service_tier_1_to_3"
            ),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def name(self) -> Bilingual:
        return of(self, "name")

    @property
    def description(self) -> Bilingual:
        return of(self, "description")

    @property
    def hours(self) -> Bilingual:
        return of(self, "hours")

    @property
    def meanwhile(self) -> Bilingual:
        return of(self, "meanwhile")


class Channel(models.Model):
    """One way to reach a service. Without checks it is not monitored (rule 9)."""

    service = models.ForeignKey(
        Service, on_delete=models.CASCADE, related_name="channels", verbose_name=_("service")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=ChannelKind.choices)
    url = models.URLField(_("address"), max_length=500, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    hours_ar = models.CharField(_("hours in Arabic"), max_length=200, blank=True)
    hours_en = models.CharField(_("hours in English"), max_length=200, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ("position", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["service", "kind"],
                name="channel_kind_once",
                violation_error_message=_("This service has this channel already."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} · {self.get_kind_display()}"

    @property
    def hours(self) -> Bilingual:
        return of(self, "hours")


class Check(models.Model):
    """What is asked of one channel, how often, and what counts as a good answer.

    `spec` is the kind's own: each module of services.probes defines and validates it
    (docs/adr/0007). Intervals left empty follow the deployment's settings by tier.
    """

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="checks", verbose_name=_("channel")
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    kind = models.CharField(_("kind"), max_length=12, default="http")
    spec = models.JSONField(_("what is asked"), default=dict)
    # Encrypted (core.encryption); never shown, never in audit, export or repr.
    sealed_secrets = models.TextField(editable=False, blank=True)
    is_essential = models.BooleanField(
        _("essential"),
        default=True,
        help_text=_("When an essential check fails, the channel is down; otherwise degraded."),
    )
    network = models.CharField(
        _("network"), max_length=12, choices=Network.choices, default=Network.INTERNET
    )
    interval_seconds = models.PositiveIntegerField(
        _("interval in seconds"), null=True, blank=True, validators=[MinValueValidator(5)]
    )
    timeout_seconds = models.PositiveSmallIntegerField(
        _("timeout in seconds"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    slow_after_ms = models.PositiveIntegerField(_("slow after, in milliseconds"), default=4000)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    # Of its target, for the budget of fast turns (rule 5); empty where nothing goes out.
    host = models.CharField(max_length=255, editable=False, blank=True)
    # It has one of the fast turns at the moment.
    is_fast = models.BooleanField(editable=False, default=False)
    # The catalogue is the schedule: dispatch claims what falls due and moves this on.
    next_due_at = models.DateTimeField(_("next due at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("check")
        verbose_name_plural = _("checks")
        ordering = ("id",)
        indexes = [
            # dispatch_due: what falls due now, oldest first.
            models.Index(
                fields=["next_due_at"], name="check_due", condition=models.Q(is_enabled=True)
            ),
            # How much of the budget of fast turns is taken.
            models.Index(fields=["host"], name="check_fast", condition=models.Q(is_fast=True)),
        ]

    def __str__(self) -> str:
        return f"{self.channel} · {self.name or self.kind}"

    @property
    def secrets(self) -> dict[str, str]:
        """Decrypted, for the probe alone. Raises core.encryption.CannotDecrypt."""
        return unseal(self.sealed_secrets)

    @secrets.setter
    def secrets(self, values: dict[str, str]) -> None:
        self.sealed_secrets = seal(values)

    def interval(self) -> timedelta:
        """How long from one due instant to the next; needs channel and service loaded."""
        if self.interval_seconds:
            return timedelta(seconds=self.interval_seconds)
        service = self.channel.service
        urgent = service.tier == 1 or service.is_shared
        return settings.CHECK_INTERVAL_URGENT if urgent else settings.CHECK_INTERVAL

    def timeout(self) -> timedelta:
        """How long one probe may take in all."""
        if self.timeout_seconds:
            return timedelta(seconds=self.timeout_seconds)
        return settings.CHECK_TIMEOUT


class Edge(models.Model):
    """`dependant` needs `upstream` (rule 12). No cycles: services.catalogue sees to it."""

    class Kind(models.TextChoices):
        HARD = EdgeKind.HARD.value, _("Hard: without it nothing works")
        SOFT = EdgeKind.SOFT.value, _("Soft: something is missing")
        ALTERNATIVE = EdgeKind.ALTERNATIVE.value, _("With an alternative")

    upstream = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="dependants", verbose_name=_("upstream")
    )
    dependant = models.ForeignKey(
        Service, on_delete=models.CASCADE, related_name="upstreams", verbose_name=_("dependant")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind.choices, default=Kind.HARD)
    channel = models.ForeignKey(
        Channel,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("only this channel"),
        null=True,
        blank=True,
        help_text=_("Empty when every channel of the dependant needs it."),
    )
    alternative_ar = models.CharField(_("alternative in Arabic"), max_length=200, blank=True)
    alternative_en = models.CharField(_("alternative in English"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("dependency")
        verbose_name_plural = _("dependencies")
        constraints = [
            models.UniqueConstraint(
                fields=["upstream", "dependant", "channel"],
                name="edge_once",
                nulls_distinct=False,
                violation_error_message=_("This dependency is listed already."),
            ),
            models.CheckConstraint(
                condition=~models.Q(upstream=models.F("dependant")),
                name="edge_not_to_itself",
                violation_error_message=_("A service cannot depend on itself."),
            ),
        ]

    def __str__(self) -> str:
        # No arrow: it would point the wrong way in Arabic.
        return f"{self.dependant} · {self.upstream}"
