"""What was measured: states, observations, changes, roll-ups. Kept in models.py's namespace."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from services.status.health import CheckHealth


class Location(models.Model):
    """A vantage point: workers there consume the queue of its code."""

    # Small, because every observation carries it.
    id = models.SmallAutoField(primary_key=True)
    code = models.SlugField(_("code"), max_length=20, unique=True)
    name_ar = models.CharField(_("name in Arabic"), max_length=80)
    name_en = models.CharField(_("name in English"), max_length=80)
    is_enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        app_label = "services"
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.code


class CheckState(models.Model):
    """The state of one check at one location, advanced under its row lock (rules 2 to 5).

    Mirrors services.status.machine.State.
    """

    # Not `check`: Django's models have a method of that name.
    check_ref = models.ForeignKey(
        "services.Check",
        on_delete=models.CASCADE,
        related_name="states",
        verbose_name=_("check"),
        db_column="check_id",
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    health = models.SmallIntegerField(default=CheckHealth.UNKNOWN.value)
    since = models.DateTimeField(null=True)
    reason = models.SmallIntegerField(null=True)
    last_due_at = models.DateTimeField(null=True)
    # The last observation that was not our own fault: freshness is counted from it.
    last_started_at = models.DateTimeField(null=True)
    # The observations that may still confirm something, as services.status.machine packs them.
    run = models.JSONField(default=list)
    # Of the last TLS answer; alarms staff, never a public status (rule 6).
    certificate_days = models.SmallIntegerField(null=True)

    class Meta:
        app_label = "services"
        verbose_name = _("state of a check")
        verbose_name_plural = _("states of checks")
        constraints = [
            models.UniqueConstraint(fields=["check_ref", "location"], name="state_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_ref_id}@{self.location_id}: {CheckHealth(self.health).name}"


class Observation(models.Model):
    """One answer, or the lack of one. Day partitions by `due_at`; written by COPY (docs/adr/0003).

    The table is made by hand in migration 0002: Django knows no partitions. There is no foreign
    key in the database, because one violated key would reject a whole shard.
    """

    pk = models.CompositePrimaryKey("check_id", "location_id", "due_at")
    check_id = models.BigIntegerField()
    location_id = models.SmallIntegerField()
    due_at = models.DateTimeField()
    started_at = models.DateTimeField()
    outcome = models.SmallIntegerField()
    reason = models.SmallIntegerField()
    # -1: the phase was not reached. No NULL, because one would cost each row 8 bytes.
    dns_ms = models.SmallIntegerField()
    connect_ms = models.SmallIntegerField()
    tls_ms = models.SmallIntegerField()
    first_byte_ms = models.SmallIntegerField()
    total_ms = models.SmallIntegerField()

    class Meta:
        app_label = "services"
        managed = False
        db_table = "services_observation"

    # In the order of the columns, for COPY: name and PostgreSQL type.
    COLUMNS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("check_id", "int8"),
        ("due_at", "timestamptz"),
        ("started_at", "timestamptz"),
        ("location_id", "int2"),
        ("outcome", "int2"),
        ("reason", "int2"),
        ("dns_ms", "int2"),
        ("connect_ms", "int2"),
        ("tls_ms", "int2"),
        ("first_byte_ms", "int2"),
        ("total_ms", "int2"),
    )


class StatusChange(models.Model):
    """A check's confirmed state changed at one location. Rows are only ever added.

    `at` is when it began (rule 3), `confirmed_at` when the run that proved it was complete.
    Service and channel are kept beside the check, so that history survives the catalogue.
    """

    service = models.ForeignKey(
        "services.Service", on_delete=models.PROTECT, related_name="changes"
    )
    channel = models.ForeignKey(
        "services.Channel", on_delete=models.PROTECT, related_name="changes"
    )
    check_ref = models.ForeignKey(
        "services.Check", on_delete=models.PROTECT, related_name="changes", db_column="check_id"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    from_health = models.SmallIntegerField()
    to_health = models.SmallIntegerField()
    at = models.DateTimeField(_("at"))
    confirmed_at = models.DateTimeField(_("confirmed at"))
    reason = models.SmallIntegerField(null=True)
    # Generated for the demo nation, never by a probe.
    is_demo = models.BooleanField(default=False)

    class Meta:
        app_label = "services"
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        indexes = [
            # The timeline of a check at a location, in order.
            models.Index(fields=["check_ref", "location", "at"], name="change_timeline"),
            # Everything that changed since: history of 90 days, recomputing.
            models.Index(fields=["at"], name="change_at"),
        ]
        constraints = [
            # One run confirms one change, however often its observations are delivered.
            models.UniqueConstraint(
                fields=["check_ref", "location", "confirmed_at", "to_health"], name="change_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_ref_id}: {self.from_health} → {self.to_health}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A change of state is never changed.")
        super().save(*args, **kwargs)


class ObservationHour(models.Model):
    """What the observations of one check at one location add up to in one hour of UTC.

    Raised in the transaction that stores the observations: never recounted from them.
    """

    pk = models.CompositePrimaryKey("check_id", "location_id", "hour_at")
    check_id = models.BigIntegerField()
    location_id = models.SmallIntegerField()
    hour_at = models.DateTimeField()
    ok_count = models.IntegerField(default=0)
    slow_count = models.IntegerField(default=0)
    bad_count = models.IntegerField(default=0)
    fault_count = models.IntegerField(default=0)
    total_ms_sum = models.BigIntegerField(default=0)
    total_ms_max = models.IntegerField(default=0)

    class Meta:
        app_label = "services"
        verbose_name = _("hour of observations")
        verbose_name_plural = _("hours of observations")
