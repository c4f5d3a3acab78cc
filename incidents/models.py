"""Incidents: what failed or was announced, what people said of it, and every step in between."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency
from core.bilingual import Bilingual, of
from incidents.labels import (
    CauseClass,
    Deadlines,
    Declared,
    EntryKind,
    Kind,
    Payments,
    Phase,
    PostedIn,
    Severity,
    TextState,
)
from maintenance.models import Window
from services.models import Channel, Service

# Without letters and digits that look or sound alike: references are read aloud on the phone.
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ref() -> str:
    """The reference of an incident, e.g. IN-7K3P92: stable, public, never reused."""
    return "IN-" + "".join(secrets.choice(_ALPHABET) for _unused in range(6))


class Incident(models.Model):
    """One interruption, or one announcement: what it is about, and how far people are with it.

    `phase` says what people did. "Update overdue" and what is published of its services follow
    from the clock and from what is measured (rules 17 and 20).
    """

    ref = models.CharField(
        _("reference"), max_length=12, unique=True, editable=False, default=new_ref
    )
    kind = models.CharField(_("kind"), max_length=13, choices=Kind.choices, default=Kind.INCIDENT)
    phase = models.CharField(
        _("phase"), max_length=13, choices=Phase.choices, default=Phase.INVESTIGATING
    )
    severity = models.CharField(
        _("severity"), max_length=2, choices=Severity.choices, default=Severity.P3
    )
    suggested_severity = models.CharField(max_length=2, choices=Severity.choices, editable=False)
    severity_reason = models.TextField(_("why another severity"), blank=True)
    # The agency that has to mend it; of the authority's own notices, none.
    agency = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        related_name="incidents",
        verbose_name=_("agency"),
        null=True,
        blank=True,
    )
    title_ar = models.CharField(_("title in Arabic"), max_length=300)
    title_en = models.CharField(_("title in English"), max_length=300)
    still_works_ar = models.TextField(_("what still works, in Arabic"), blank=True)
    still_works_en = models.TextField(_("what still works, in English"), blank=True)
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

    # When the trouble itself began, which is before anybody could know of it (rule 3).
    started_at = models.DateTimeField(_("began at"))
    # When our checks were sure; of one opened by hand, when it was opened.
    confirmed_at = models.DateTimeField(_("confirmed at"))
    reopened_at = models.DateTimeField(_("reopened at"), null=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"))
    # None: the sweep.
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
    )
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, editable=False)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
    )
    # The first and the newest public text; without any, the public does not know of it.
    first_notice_at = models.DateTimeField(_("first notice at"), null=True, editable=False)
    last_notice_at = models.DateTimeField(_("last notice at"), null=True, editable=False)
    # What the newest text promises; one of the two stands while it is open.
    expected_return_at = models.DateTimeField(_("expected return"), null=True, editable=False)
    next_update_by = models.DateTimeField(_("next update by"), null=True, editable=False)
    # Since when our checks see all its services work, while it is open and afterwards.
    restored_at = models.DateTimeField(_("restored at"), null=True, editable=False)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, editable=False)
    # None with `resolved_at`: by itself (rule 19).
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
    )
    # The incident of the upstream that took this one in (rule 13).
    absorbed_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="absorbed", null=True, editable=False
    )
    changed_at = models.DateTimeField(_("changed at"), editable=False)
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        indexes = [
            # The board and the sweep: what is open.
            models.Index(
                fields=["severity", "opened_at"],
                name="incident_open",
                condition=models.Q(resolved_at__isnull=True),
            ),
            # The snapshot, the archive of a month, and what may be reopened.
            models.Index(fields=["resolved_at"], name="incident_resolved"),
            models.Index(fields=["started_at"], name="incident_started"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(phase=Phase.RESOLVED, resolved_at__isnull=False)
                | (~models.Q(phase=Phase.RESOLVED) & models.Q(resolved_at__isnull=True)),
                name="incident_resolved_has_instant",
            ),
        ]

    def __str__(self) -> str:
        return self.ref

    @property
    def title(self) -> Bilingual:
        return of(self, "title")

    @property
    def still_works(self) -> Bilingual:
        return of(self, "still_works")

    @property
    def meanwhile(self) -> Bilingual:
        return of(self, "meanwhile")

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None


class ListedService(models.Model):
    """A service that an incident lists; dependants of a shared service are derived, not listed."""

    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, related_name="services", verbose_name=_("incident")
    )
    service = models.ForeignKey(
        Service, on_delete=models.PROTECT, related_name="incidents", verbose_name=_("service")
    )
    channels = models.ManyToManyField(
        Channel,
        verbose_name=_("channels"),
        blank=True,
        related_name="+",
        help_text=_("None chosen means every channel."),
    )
    listed_at = models.DateTimeField(editable=False)
    # The outage for which the sweep listed it, and the end of what covered that outage before: a
    # window, or an upstream (rule 18). Empty where a person listed it.
    outage_started_at = models.DateTimeField(null=True, editable=False)
    cover_ended_at = models.DateTimeField(null=True, editable=False)
    # The worst that was told of it; what goes beyond is a line in the timeline (rule 18).
    told_health = models.CharField(max_length=16, blank=True, editable=False)
    restored_at = models.DateTimeField(null=True, editable=False)
    # Channel → [health, since, seen at]: what was last measured while it was known (rule 17).
    held = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = _("service in an incident")
        verbose_name_plural = _("services in an incident")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "service"],
                name="incident_service_once",
                violation_error_message=_("This service is listed already."),
            ),
            # One incident for one outage, whatever dies or runs twice (rule 18).
            models.UniqueConstraint(
                fields=["service", "outage_started_at", "cover_ended_at"],
                condition=models.Q(outage_started_at__isnull=False),
                nulls_distinct=False,
                name="one_incident_for_one_outage",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident} · {self.service}"


class Declaration(models.Model):
    """What a person declared of a listed service, for as long as it held (rule 17)."""

    listed = models.ForeignKey(ListedService, on_delete=models.CASCADE, related_name="declarations")
    health = models.CharField(max_length=16, choices=Declared.choices)
    # From when on it counts, and when it was said, which may be later.
    declared_at = models.DateTimeField()
    said_at = models.DateTimeField(auto_now_add=True)
    declared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    # At the latest when the incident ends.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listed"],
                condition=models.Q(ended_at__isnull=True),
                name="declared_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listed_id}: {self.health}"


class Override(models.Model):
    """A person's word that a service is better than measured, for at most four hours (rule 17)."""

    listed = models.ForeignKey(ListedService, on_delete=models.CASCADE, related_name="overrides")
    health = models.CharField(max_length=16, choices=Declared.choices)
    # The worst that was measured when it was given: it ends when that worsens.
    measured = models.CharField(max_length=16)
    reason = models.TextField()
    given_at = models.DateTimeField()
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    expires_at = models.DateTimeField()
    # Taken back by a person, or worsened, or the incident is over.
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["listed"],
                condition=models.Q(ended_at__isnull=True),
                name="override_once_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listed_id}: {self.health}"


class Update(models.Model):
    """One text for the public, in both languages, with what it promises.

    What is published is never changed: a correction is a new row that names the one it corrects.
    """

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="updates")
    state = models.CharField(max_length=9, choices=TextState.choices)
    # The phase that it announces.
    phase = models.CharField(max_length=13, choices=Phase.choices)
    # As it was written: Markdown, with placeholders of incidents.texts.
    text_ar = models.TextField()
    text_en = models.TextField()
    # Markdown made HTML when it was published, by one allow-list (core.markup).
    html_ar = models.TextField(blank=True)
    html_en = models.TextField(blank=True)
    # The same without markup: for feeds, calendars and mails.
    plain_ar = models.TextField(blank=True)
    plain_en = models.TextField(blank=True)
    # Of incidents.texts; empty for free text.
    template = models.CharField(max_length=20, blank=True)
    expected_return_at = models.DateTimeField(null=True)
    next_update_by = models.DateTimeField(null=True)
    written_at = models.DateTimeField()
    # None: the portal itself.
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    published_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    corrects = models.ForeignKey(
        "self", on_delete=models.PROTECT, related_name="corrections", null=True
    )

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        indexes = [models.Index(fields=["incident", "published_at"], name="update_incident")]
        constraints = [
            # A text that two people correct at once would have two newest versions.
            models.UniqueConstraint(
                fields=["corrects"],
                condition=models.Q(state=TextState.PUBLISHED),
                name="update_corrected_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.phase} {self.state}"

    @property
    def text(self) -> Bilingual:
        return of(self, "text")

    @property
    def html(self) -> Bilingual:
        return of(self, "html")

    @property
    def plain(self) -> Bilingual:
        return of(self, "plain")


class Draft(models.Model):
    """What somebody is writing: kept while they type, lost to nothing."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="drafts")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    # The fields of the form as they were typed, sound or not.
    fields = models.JSONField(default=dict)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "author"], name="draft_once"),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.author_id}"


class Entry(models.Model):
    """One line of an incident's log. Rows are only ever added; public ones join its timeline."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=13, choices=EntryKind.choices)
    at = models.DateTimeField()
    # None: the portal itself.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    is_public = models.BooleanField(default=False)
    # Facts by name, e.g. {"services": [public ids], "from": "P3", "to": "P2"}; never a sentence.
    facts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # What a person wrote beside it: a reason, a note. Never public.
    note = models.TextField(blank=True)

    class Meta:
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        indexes = [models.Index(fields=["incident", "at"], name="entry_incident")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A line of the log is never changed.")
        super().save(*args, **kwargs)


class ClosingReport(models.Model):
    """What was learnt: cause, actions, prevention; a public part and an internal one."""

    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="report")
    cause_class = models.CharField(_("kind of cause"), max_length=14, choices=CauseClass.choices)
    summary_ar = models.TextField(_("what happened, in Arabic"), blank=True)
    summary_en = models.TextField(_("what happened, in English"), blank=True)
    prevention_ar = models.TextField(_("what we do against it, in Arabic"), blank=True)
    prevention_en = models.TextField(_("what we do against it, in English"), blank=True)
    # From here on never public: causes, vendors and addresses help whoever wants to harm.
    cause = models.TextField(_("cause in detail"), blank=True)
    actions = models.TextField(_("actions, with owner and day"), blank=True)
    vendor = models.CharField(_("vendor"), max_length=200, blank=True)
    saved_at = models.DateTimeField(editable=False)
    submitted_at = models.DateTimeField(_("handed in at"), null=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        editable=False,
    )

    class Meta:
        verbose_name = _("closing report")
        verbose_name_plural = _("closing reports")

    def __str__(self) -> str:
        return str(self.incident)

    @property
    def summary(self) -> Bilingual:
        return of(self, "summary")

    @property
    def prevention(self) -> Bilingual:
        return of(self, "prevention")


class Posting(models.Model):
    """Where somebody posted a notice beside the portal's own channels. Rows are only ever added."""

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="postings", null=True
    )
    window = models.ForeignKey(Window, on_delete=models.PROTECT, related_name="+", null=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    channel = models.CharField(max_length=10, choices=PostedIn.choices)
    url = models.URLField(max_length=500, blank=True)
    # As it was posted, whatever the notice says since.
    text = models.TextField()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(incident=None) ^ models.Q(window=None), name="posting_of_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A posting is never changed.")
        super().save(*args, **kwargs)

    @property
    def text_hash(self) -> str:
        """SHA-256 of the text, by which it is told from others where it does not stand itself."""
        return hashlib.sha256(self.text.encode()).hexdigest()
