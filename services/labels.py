"""The words of the field, once each; domain words in docs/words.md.

Lazy, so that a label follows the language of whoever reads it.
"""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from services.status.health import CheckHealth, Health, Outcome
from services.status.observation import Reason

# Translators: each is an adjective that agrees with «خدمة» (feminine).
HEALTH: dict[Health, Promise] = {
    Health.OPERATIONAL: pgettext_lazy("status of a service", "Operational"),
    Health.DEGRADED: pgettext_lazy("status of a service", "Degraded"),
    Health.MAINTENANCE: pgettext_lazy("status of a service", "Under planned maintenance"),
    Health.PARTIAL_OUTAGE: pgettext_lazy("status of a service", "Partial outage"),
    Health.MAJOR_OUTAGE: pgettext_lazy("status of a service", "Outage"),
    Health.UNKNOWN: pgettext_lazy("status of a service", "No recent information"),
}
# A service or channel without checks: shown with its hours and phone, never as working.
NOT_MONITORED = pgettext_lazy("status of a service", "Not monitored")

CHECK_HEALTH: dict[CheckHealth, Promise] = {
    CheckHealth.OK: pgettext_lazy("state of a check", "OK"),
    CheckHealth.SLOW: pgettext_lazy("state of a check", "Slow"),
    CheckHealth.BAD: pgettext_lazy("state of a check", "Failing"),
    CheckHealth.UNKNOWN: pgettext_lazy("state of a check", "Unknown"),
}
OUTCOME: dict[Outcome, Promise] = {
    Outcome.OK: pgettext_lazy("outcome of an observation", "OK"),
    Outcome.SLOW: pgettext_lazy("outcome of an observation", "Slow"),
    Outcome.BAD: pgettext_lazy("outcome of an observation", "Failed"),
    Outcome.PROBER_FAULT: pgettext_lazy("outcome of an observation", "Our own fault"),
}

# Said to citizens: whole sentences, no jargon, no vendor, no address.
REASON: dict[Reason, Promise] = {
    Reason.OK: _("It answers normally."),
    Reason.SLOW: _("It answers slowly."),
    Reason.UNSTABLE: _("It keeps changing between working and failing."),
    Reason.NAME_NOT_FOUND: _("Its address cannot be found."),
    Reason.NAME_TIMEOUT: _("Its address cannot be found."),
    Reason.REFUSED: _("It refuses connections."),
    Reason.UNREACHABLE: _("It cannot be reached."),
    Reason.CONNECT_TIMEOUT: _("It cannot be reached."),
    Reason.NO_ANSWER: _("It does not answer in time."),
    Reason.CLOSED_EARLY: _("It breaks off connections."),
    Reason.PROTOCOL_ERROR: _("It gives unreadable answers."),
    Reason.TLS_EXPIRED: _("Its security certificate has expired."),
    Reason.TLS_WRONG_NAME: _("Its security certificate belongs to another address."),
    Reason.TLS_UNTRUSTED: _("Its security certificate is not trusted."),
    Reason.TLS_FAILED: _("No secure connection can be made to it."),
    Reason.SERVER_ERROR: _("It answers with an error."),
    Reason.UNEXPECTED_CODE: _("It answers with an error."),
    Reason.TEXT_MISSING: _("Its page does not show what it should."),
    Reason.TEXT_FORBIDDEN: _("Its page shows an error message."),
    Reason.VALUE_MISMATCH: _("It reports a problem of its own."),
    Reason.NOT_JSON: _("It gives unreadable answers."),
    Reason.BODY_TOO_LARGE: _("It gives unreadable answers."),
    Reason.BAD_ENCODING: _("It gives unreadable answers."),
    Reason.REDIRECT_LOOP: _("Its page sends visitors round in circles."),
    Reason.DNS_MISMATCH: _("Its entry in the internet's address book is wrong."),
    Reason.HEARTBEAT_MISSING: _("It has not reported to us when it should have."),
    Reason.HEARTBEAT_FAILED: _("It reports a problem of its own."),
    Reason.BAD_TARGET: _("We cannot check it at the moment."),
    Reason.ADDRESS_REFUSED: _("We cannot check it at the moment."),
    Reason.PROBER_ERROR: _("We cannot check it at the moment."),
    Reason.PROBER_DOUBT: _("We cannot check it at the moment."),
    Reason.RECEIVER_DOWN: _("We cannot check it at the moment."),
    Reason.AWAITING_BEAT: _("We cannot check it at the moment."),
}


class ChannelKind(models.TextChoices):
    """The ways by which people reach a service."""

    WEB = "web", _("Web site")
    APP = "app", _("Mobile app")
    KIOSK = "kiosk", _("Self-service kiosks")
    CONTACT = "contact", _("Contact centre")
    COUNTER = "counter", _("Service centre in person")
    API = "api", _("Connection for systems")


class Audience(models.TextChoices):
    """For whom a service is."""

    CITIZEN = "citizen", _("Citizens")
    RESIDENT = "resident", _("Residents")
    BUSINESS = "business", _("Businesses")
    VISITOR = "visitor", _("Visitors")


class Visibility(models.TextChoices):
    """Who may read of a service at all."""

    PUBLIC = "public", _("Public")
    AGENCIES = "agencies", _("Agencies only")
    HIDDEN = "hidden", _("Hidden")


class Network(models.TextChoices):
    """From which network a check looks; each has its own reference targets (rule 7)."""

    INTERNET = "internet", _("Internet")
    GOVERNMENT = "government", _("Government network")
