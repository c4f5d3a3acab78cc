"""What was measured: states, observations, changes, roll-ups. Kept in models.py's namespace."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from services.labels import Network
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
    # What rule 11 remembers of it, as services.status.flapping packs it.
    flapping = models.JSONField(default=dict)
    # While this lies ahead, the check is unstable: a floor of degraded (rule 11).
    unstable_until = models.DateTimeField(null=True)
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


class ReplayBase(models.Model):
    """The state of a check at a location before the oldest observation that is still kept.

    Moved on when a day's partition is dropped, so that folding the kept observations onto it
    always gives the present state (`manage.py replay`).
    """

    check_ref = models.ForeignKey(
        "services.Check", on_delete=models.CASCADE, related_name="+", db_column="check_id"
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    # health, since, reason, last_due_at, last_started_at, run: as in CheckState.
    state = models.JSONField()

    class Meta:
        app_label = "services"
        constraints = [
            models.UniqueConstraint(fields=["check_ref", "location"], name="replay_base_once"),
        ]

    def __str__(self) -> str:
        return f"{self.check_ref_id}@{self.location_id}"


class UnstablePeriod(models.Model):
    """A time in which a check could not make up its mind (rule 11).

    Stored beside the measured changes, which stay as they are; open while `ended_at` is empty.
    """

    check_ref = models.ForeignKey(
        "services.Check",
        on_delete=models.CASCADE,
        related_name="unstable_periods",
        db_column="check_id",
    )
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "services"
        constraints = [
            models.UniqueConstraint(
                fields=["check_ref", "location"],
                condition=models.Q(ended_at__isnull=True),
                name="unstable_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.check_ref_id}@{self.location_id}: {self.began_at}"


class ReferenceTarget(models.Model):
    """Something that answers whenever our own connection works, for each location and network.

    Probed before and after each shard: when most of them fail, the failure is ours (rule 7).
    """

    location = models.ForeignKey(
        Location, on_delete=models.CASCADE, related_name="references", verbose_name=_("location")
    )
    network = models.CharField(_("network"), max_length=12, choices=Network.choices)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=12, default="tcp")
    spec = models.JSONField(_("what is asked"), default=dict)
    is_enabled = models.BooleanField(_("enabled"), default=True)

    class Meta:
        app_label = "services"
        verbose_name = _("reference target")
        verbose_name_plural = _("reference targets")
        constraints = [
            models.UniqueConstraint(fields=["location", "network", "name"], name="reference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.location_id}, {self.network})"


class ProberDoubt(models.Model):
    """A time in which one location could not trust what it saw of one network (rule 7)."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="doubts")
    network = models.CharField(_("network"), max_length=12, choices=Network.choices)
    began_at = models.DateTimeField(_("began at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        app_label = "services"
        verbose_name = _("prober doubt")
        verbose_name_plural = _("prober doubts")
        constraints = [
            # However many shards find out at once, it is one doubt and one event.
            models.UniqueConstraint(
                fields=["location", "network"],
                condition=models.Q(ended_at__isnull=True),
                name="doubt_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.location_id}/{self.network}: {self.began_at}"


class SpentDay(models.Model):
    """One day of the deployment's zone in seconds, by an effective timeline (rule 22).

    Written from above, where windows and incidents are known; `manage.py recompute` proves that
    it equals what the stored changes say.
    """

    day = models.DateField()
    # `up` includes partial, degraded and limited, which are shown apart.
    up = models.PositiveIntegerField()
    partial = models.PositiveIntegerField()
    degraded = models.PositiveIntegerField()
    limited = models.PositiveIntegerField()
    planned = models.PositiveIntegerField()
    overrun = models.PositiveIntegerField()
    own = models.PositiveIntegerField()
    upstream = models.PositiveIntegerField()
    unknown = models.PositiveIntegerField()

    class Meta:
        abstract = True


class DailyFigure(SpentDay):
    """How a service spent a day."""

    service = models.ForeignKey(
        "services.Service", on_delete=models.CASCADE, related_name="daily_figures"
    )

    class Meta:
        app_label = "services"
        verbose_name = _("daily figure")
        verbose_name_plural = _("daily figures")
        constraints = [
            models.UniqueConstraint(fields=["service", "day"], name="daily_figure_once"),
        ]
        indexes = [
            # 90 days of everything, and what a day of yesterday corrects.
            models.Index(fields=["day"], name="daily_figure_day"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.day}"


class ChannelFigure(SpentDay):
    """How a channel spent a day, where that is not how its service spent it.

    Ways to a service are mostly well together, so a row stands only where a day differs, and on
    the first day that is told of the channel. From that day on a day without a row is the
    service's own; of days before it nothing is known. A service that was only ever monitored
    through one channel has none.
    """

    channel = models.ForeignKey(
        "services.Channel", on_delete=models.CASCADE, related_name="daily_figures"
    )

    class Meta:
        app_label = "services"
        verbose_name = _("daily figure of one channel")
        verbose_name_plural = _("daily figures of single channels")
        constraints = [
            models.UniqueConstraint(fields=["channel", "day"], name="channel_figure_once"),
        ]
        indexes = [
            models.Index(fields=["day"], name="channel_figure_day"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.day}"


class FiguresMark(models.Model):
    """How far the daily figures have followed the changes; one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    last_change_id = models.BigIntegerField(default=0)
    # The last day that was closed for every service.
    closed_day = models.DateField(null=True)

    class Meta:
        app_label = "services"

    def __str__(self) -> str:
        return f"{self.last_change_id}, {self.closed_day}"


class HeartbeatToken(models.Model):
    """What an agency's system shows when it calls us; kept as a hash only, shown once."""

    check_ref = models.ForeignKey(
        "services.Check",
        on_delete=models.CASCADE,
        related_name="heartbeat_tokens",
        db_column="check_id",
    )
    # SHA-256 of the token, which has 256 random bits: no salt is needed against guessing.
    digest = models.CharField(max_length=64, unique=True)
    # The last characters, so that people can tell two tokens apart.
    hint = models.CharField(_("ends with"), max_length=6)
    created_at = models.DateTimeField(_("created at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)

    class Meta:
        app_label = "services"
        verbose_name = _("heartbeat token")
        verbose_name_plural = _("heartbeat tokens")

    def __str__(self) -> str:
        return f"…{self.hint}"


class Heartbeat(models.Model):
    """The last call that came for a heartbeat check."""

    check_ref = models.OneToOneField(
        "services.Check",
        on_delete=models.CASCADE,
        related_name="heartbeat",
        db_column="check_id",
    )
    last_beat_at = models.DateTimeField()
    has_failed = models.BooleanField(default=False)

    class Meta:
        app_label = "services"

    def __str__(self) -> str:
        return f"{self.check_ref_id}: {self.last_beat_at}"


class HeartbeatReceiver(models.Model):
    """Since when our own door for heartbeats has been open; one row (rule 6).

    The portal calls its own door, and the call is written here: silence of others counts only
    while our receiver was up.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    up_since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        app_label = "services"

    def __str__(self) -> str:
        return f"{self.up_since} – {self.seen_at}"
