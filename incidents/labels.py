"""The words of incidents, once each (docs/words.md)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Kind(models.TextChoices):
    """Only an incident counts as one; the others are notices of the authority (rule 18)."""

    INCIDENT = "incident", pgettext_lazy("kind of notice", "Incident")
    ANNOUNCEMENT = "announcement", pgettext_lazy("kind of notice", "Announcement")
    # An answer to a rumour.
    CLARIFICATION = "clarification", pgettext_lazy("kind of notice", "Clarification")


class Phase(models.TextChoices):
    """How far people are with it; incidents.lifecycle says what may follow what."""

    INVESTIGATING = "investigating", pgettext_lazy("phase of an incident", "Investigating")
    IDENTIFIED = "identified", pgettext_lazy("phase of an incident", "Identified")
    FIXING = "fixing", pgettext_lazy("phase of an incident", "Fixing")
    MONITORING = "monitoring", pgettext_lazy("phase of an incident", "Monitoring")
    RESOLVED = "resolved", pgettext_lazy("phase of an incident", "Restored")


class Severity(models.TextChoices):
    """From the worst; the words of incidents.severity."""

    P1 = "P1", "P1"
    P2 = "P2", "P2"
    P3 = "P3", "P3"
    P4 = "P4", "P4"


class Declared(models.TextChoices):
    """What a person may declare of a service; measured and declared, the worse one counts."""

    MAJOR_OUTAGE = "major_outage", pgettext_lazy("declared by a person", "Stopped")
    DEGRADED = "degraded", pgettext_lazy("declared by a person", "Slow or interrupted")
    OPERATIONAL = "operational", pgettext_lazy("declared by a person", "Works")


class Deadlines(models.TextChoices):
    """What becomes of deadlines that fall into the interruption."""

    NOT_CONCERNED = "none", _("The service has no deadlines")
    UNCHANGED = "unchanged", _("Deadlines stay as they are")
    UNDER_REVIEW = "review", _("The agency is looking at deadlines")
    EXTENDED = "extended", _("Deadlines are extended")


class Payments(models.TextChoices):
    """What becomes of payments under way."""

    NOT_CONCERNED = "none", _("The service takes no payments")
    SAFE = "safe", _("Payments under way are safe")
    DO_NOT_REPEAT = "wait", _("Do not pay again: payments under way are settled afterwards")


class CauseClass(models.TextChoices):
    """Why it happened, in the classes that recurrence and reports count by."""

    SOFTWARE = "software", pgettext_lazy("cause of an incident", "Software fault")
    INFRASTRUCTURE = "infrastructure", pgettext_lazy("cause of an incident", "Infrastructure")
    CHANGE = "change", pgettext_lazy("cause of an incident", "A change that went wrong")
    UPSTREAM = "upstream", pgettext_lazy("cause of an incident", "Shared service")
    THIRD_PARTY = (
        "third_party",
        pgettext_lazy("cause of an incident", "Third party, telecom or cloud"),
    )
    DEMAND = "demand", pgettext_lazy("cause of an incident", "More demand than expected")
    # What stands in public of it stays general.
    SECURITY = "security", pgettext_lazy("cause of an incident", "Security")
    EXTERNAL = "external", pgettext_lazy("cause of an incident", "An event outside")
    UNKNOWN = "unknown", pgettext_lazy("cause of an incident", "Not known")


class TextState(models.TextChoices):
    """Where a public text stands before it is one."""

    WAITING = "waiting", pgettext_lazy("state of a text", "Waiting for a second person")
    RETURNED = "returned", pgettext_lazy("state of a text", "Returned")
    PUBLISHED = "published", pgettext_lazy("state of a text", "Published")


class PostedIn(models.TextChoices):
    """Channels beside the portal's own, in which people post a notice by hand."""

    X = "x", pgettext_lazy("channel of a posting", "X")
    FACEBOOK = "facebook", pgettext_lazy("channel of a posting", "Facebook")
    INSTAGRAM = "instagram", pgettext_lazy("channel of a posting", "Instagram")
    WHATSAPP = "whatsapp", pgettext_lazy("channel of a posting", "WhatsApp channel")
    SMS = "sms", pgettext_lazy("channel of a posting", "SMS")
    APP = "app", pgettext_lazy("channel of a posting", "Mobile app")
    SITE = "site", pgettext_lazy("channel of a posting", "Web site")
    PRESS = "press", pgettext_lazy("channel of a posting", "Press")
    OTHER = "other", pgettext_lazy("channel of a posting", "Another channel")


class EntryKind(models.TextChoices):
    """What happened to an incident beside its texts; one row each."""

    OPENED = "opened", pgettext_lazy("what happened to an incident", "Opened")
    JOINED = "joined", pgettext_lazy("what happened to an incident", "Another service failed")
    LISTED = "listed", pgettext_lazy("what happened to an incident", "Services changed")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("what happened to an incident", "Acknowledged")
    SEVERITY = "severity", pgettext_lazy("what happened to an incident", "Severity changed")
    IMPACT = "impact", pgettext_lazy("what happened to an incident", "Impact changed")
    WORSENED = "worsened", pgettext_lazy("what happened to an incident", "Worsened")
    RECOVERED = "recovered", pgettext_lazy("what happened to an incident", "Our checks see it work")
    RELAPSED = "relapsed", pgettext_lazy("what happened to an incident", "Failed again")
    OVERRIDDEN = "overridden", pgettext_lazy("what happened to an incident", "Override given")
    OVERRIDE_OVER = "override_over", pgettext_lazy("what happened to an incident", "Override ended")
    STATED = "stated", pgettext_lazy("what happened to an incident", "Facts changed")
    NOTE = "note", pgettext_lazy("what happened to an incident", "Internal note")
    RETURNED = "returned", pgettext_lazy("what happened to an incident", "Text returned")
    RESOLVED = "resolved", pgettext_lazy("what happened to an incident", "Resolved")
    REOPENED = "reopened", pgettext_lazy("what happened to an incident", "Reopened")
    ABSORBED = "absorbed", pgettext_lazy("what happened to an incident", "Joined to another one")
    REPORTED = "reported", pgettext_lazy("what happened to an incident", "Closing report")
