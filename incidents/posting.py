"""The log of where a notice was posted by hand, beside the portal's own channels."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from core import audit
from core.arabic import without_bidi_controls
from incidents.checking import require
from incidents.labels import PostedIn
from incidents.models import Incident, Posting
from incidents.refusals import Incomplete, Problem, WrongPhase
from maintenance.models import Window

LONGEST = 10_000


@transaction.atomic
def record(
    *,
    subject: Incident | Window,
    channel: str,
    text: str,
    actor: User,
    now: datetime,
    url: str = "",
    address: str | None = None,
) -> Posting:
    """Note that `subject` was posted in `channel`, in these words, and where it is found.

    Whoever may run incidents for its agency may do it. Raises NotAllowed, WrongPhase for what the
    public was not told of, Incomplete.
    """
    require(actor, Act.RUN_INCIDENTS, subject.agency_id)
    incident = subject if isinstance(subject, Incident) else None
    window = subject if isinstance(subject, Window) else None
    told_at = subject.first_notice_at if isinstance(subject, Incident) else subject.approved_at
    if told_at is None:
        raise WrongPhase(Problem(None, _("The public was not told of this yet.")))
    text = without_bidi_controls(text).strip()
    problems = []
    if channel not in PostedIn.values:
        problems.append(Problem("channel", _("Choose the channel.")))
    if not text or len(text) > LONGEST:
        problems.append(Problem("text", _("Give the text as it was posted.")))
    if url and not url.startswith(("https://", "http://")):
        problems.append(Problem("url", _("Give the whole address, beginning with https://.")))
    if problems:
        raise Incomplete(*problems)
    posting = Posting.objects.create(
        incident=incident,
        window=window,
        at=now,
        actor=actor,
        channel=channel,
        url=url,
        text=text,
    )
    audit.record(
        now=now,
        actor=actor,
        act="posted",
        subject=subject,
        address=address,
        agency_code=subject.agency.code if subject.agency else "",
        after={"channel": channel, "url": url, "text_hash": posting.text_hash},
    )
    return posting
