"""Ready-to-post texts on the console, and the log of where they were posted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from core.audit import AuditEntry
from incidents import posting
from incidents.models import Incident, Posting
from incidents.refusals import Incomplete, NotAllowed, WrongPhase
from statusportal.ops.lengths import X_LIMIT, x_weight
from statusportal.public.store import store
from tests.admin_pages import browser, elements, errors, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.maintenance.rows import make_window
from tests.statusportal.ops.console import make_incident, make_text
from tests.statusportal.ops.nation import NOW, publish

pytestmark = pytest.mark.usefixtures("at_one_o_clock")
SITE = "https://status.gov.example"


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    settings.PUBLIC_URL = SITE
    store.forget()


def path(row: Any) -> str:
    return f"/ops/share/{row.ref}/"


def operator(language: str = "en", **fields: Any) -> Client:
    return browser(make_user(Role.OPERATOR, **fields), language)


@pytest.fixture
def told() -> Incident:
    """An incident that the public reads of."""
    service = make_service(slug="passport", name_ar="تجديد الجواز", name_en="Passport renewal")
    incident = make_incident(
        ref="IN-SHR222",
        services=(service,),
        phase="identified",
        title_ar="تعطل تجديد الجواز",
        title_en="Passport renewal is out",
        first_notice_at=NOW - timedelta(minutes=3),
        last_notice_at=NOW - timedelta(minutes=3),
    )
    make_text(
        incident,
        at=NOW - timedelta(minutes=3),
        html_ar="<p>عرفنا السبب.</p>",
        html_en="<p>We know why.</p>",
        plain_ar="عرفنا السبب.",
        plain_en="We know why.",
        next_update_by=NOW + timedelta(minutes=30),
    )
    publish()
    return incident


def ready(client: Client, row: Any) -> dict[str, str]:
    """Key → text, as it stands ready."""
    return {
        one.get("id", ""): "".join(one.itertext())
        for one in elements(client.get(path(row)), "pre")
        if "ready" in (one.get("class") or "")
    }


# --- what stands ready --------------------------------------------------------------------------


def test_a_notice_stands_ready_in_both_languages_short_and_whole(told: Incident) -> None:
    found = ready(operator(), told)

    assert found["short-en"] == (
        f"Identified: Passport renewal is out\n{SITE}/en/incidents/IN-SHR222/"
    )
    assert found["short-ar"] == (f"حُدِّد السبب: تعطل تجديد الجواز\n{SITE}/ar/incidents/IN-SHR222/")
    assert found["whole-en"].startswith("Identified: Passport renewal is out\nWe know why.\n")
    assert found["whole-ar"].startswith("حُدِّد السبب: تعطل تجديد الجواز\nعرفنا السبب.\n")
    assert all("\u2068" not in one for one in found.values())
    assert all(x_weight(found[key]) <= X_LIMIT for key in ("short-ar", "short-en"))


def test_beside_each_stands_how_long_it_is(told: Incident) -> None:
    page = page_text(operator().get(path(told)))

    assert "86 characters X: 59 of 280 SMS: 1 message" in page


def test_whoever_reads_arabic_has_the_same_texts(told: Incident) -> None:
    assert ready(operator("ar"), told) == ready(operator(), told)


def test_planned_work_stands_ready_too() -> None:
    service = make_service(name_ar="دفع المخالفات", name_en="Traffic fines")
    window = make_window(
        services=[service], state="approved", approved_at=NOW, announced_end_at=None
    )
    window.announced_end_at = window.ends_at
    window.save()
    publish()
    found = ready(operator(), window)

    assert found["short-en"].startswith("Announced: Planned work on Traffic fines\n")
    assert found["short-en"].endswith(f"{SITE}/en/maintenance/{window.ref}/")


def test_of_what_the_public_was_not_told_there_is_nothing_to_post() -> None:
    incident = make_incident()
    publish()
    client = operator()

    assert ready(client, incident) == {}
    assert "there is nothing to post" in page_text(client.get(path(incident)))


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.OPERATOR, 200),
        (Role.SUPERVISOR, 200),
        (Role.CONTACT_CENTRE, 403),
        (Role.AUDITOR, 403),
        (Role.AGENCY_PUBLISHER, 404),
        (Role.AGENCY_STAFF, 404),
    ],
)
def test_only_whoever_runs_incidents_may_and_another_agency_s_is_not_there(
    role: Role, status: int, told: Incident
) -> None:
    client = browser(make_user(role))

    assert client.get(path(told)).status_code == status
    assert client.post(path(told), {"channel": "x", "text": "a"}).status_code in {status, 302}
    assert Posting.objects.exists() == (status == 200)


def test_the_agency_s_own_publisher_may_and_its_staff_may_not(told: Incident) -> None:
    publisher = browser(make_user(Role.AGENCY_PUBLISHER, told.agency))
    staff = browser(make_user(Role.AGENCY_STAFF, told.agency))

    assert publisher.get(path(told)).status_code == 200
    assert staff.get(path(told)).status_code == 403


def test_whoever_is_not_signed_in_is_sent_to_the_door(told: Incident) -> None:
    assert Client().get(path(told)).status_code == 302


# --- the log ------------------------------------------------------------------------------------


def test_a_posting_is_kept_with_who_when_where_and_in_which_words(told: Incident) -> None:
    person = make_user(Role.OPERATOR, username="huda")
    client = browser(person)
    sent = {"channel": "x", "url": "https://x.example/post/1", "text": "Restored\u202e."}

    assert client.post(path(told), sent)["Location"] == path(told)
    (kept,) = Posting.objects.all()
    (entry,) = AuditEntry.objects.filter(act="posted")

    assert (kept.incident, kept.window, kept.at, kept.actor) == (told, None, NOW, person)
    assert (kept.channel, kept.url, kept.text) == ("x", sent["url"], "Restored.")
    assert (entry.actor, entry.subject_id) == (person, str(told.pk))
    assert entry.after == {
        "channel": "x",
        "url": "https://x.example/post/1",
        "text_hash": kept.text_hash,
    }
    page = page_text(client.get(path(told)))
    assert "X · 13:00 on Sunday 22 November 2026 · huda · https://x.example/post/1" in page


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"text": "a"}, "Choose the channel."),
        ({"channel": "x", "text": " "}, "Give the text as it was posted."),
        ({"channel": "x", "text": "a", "url": "ftp://x.example"}, "Give the whole address,"),
        ({"channel": "x", "text": "a", "url": "javascript:alert(1)"}, "Enter a valid URL."),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    sent: dict[str, str], said: str, told: Incident
) -> None:
    response = operator().post(path(told), sent)

    assert response.status_code == 422
    assert errors(response)[0].startswith(said)
    assert not Posting.objects.exists()


def test_a_posting_is_never_changed_and_a_refused_one_leaves_nothing(told: Incident) -> None:
    now = timezone.now()
    person = make_user(Role.OPERATOR)
    kept = posting.record(subject=told, channel="sms", text="a", actor=person, now=now)
    kept.text = "b"

    with pytest.raises(TypeError):
        kept.save()
    with pytest.raises(Incomplete):
        posting.record(subject=told, channel="fax", text="a", actor=person, now=now)
    with pytest.raises(NotAllowed):
        posting.record(
            subject=told,
            channel="sms",
            text="a",
            actor=make_user(Role.AGENCY_PUBLISHER, make_agency()),
            now=now,
        )
    with pytest.raises(WrongPhase):
        posting.record(subject=make_incident(), channel="x", text="a", actor=person, now=now)
    assert Posting.objects.count() == AuditEntry.objects.filter(act="posted").count() == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_the_number_of_queries_does_not_grow(
    rows: int, told: Incident, django_assert_num_queries: Any
) -> None:
    person = make_user(Role.OPERATOR)
    for n in range(rows):
        posting.record(subject=told, channel="x", text=str(n), actor=person, now=NOW)
    client = browser(person)
    client.get(path(told))

    with django_assert_num_queries(5):
        client.get(path(told))


def test_the_desk_and_the_window_lead_there(told: Incident) -> None:
    desk = operator().get(f"/ops/incidents/{told.ref}/")
    links = {one.get("href"): text(one) for one in elements(desk, "a")}

    assert links[path(told)] == "Ready to post"
