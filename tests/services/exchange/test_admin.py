"""The pages of import and export: hand in, look, agree; and only for who keeps the register."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Agency, Role
from core.audit import AuditEntry
from services.admin import exchange
from services.models import Service
from tests.admin_pages import browser, elements, errors, filled_in, page_text, text
from tests.factories import make_agency, make_service, make_user
from tests.services.exchange.catalogues import make_catalogue, spreadsheet

pytestmark = pytest.mark.django_db

IMPORT = "admin:services_service_import"
EXPORT = "admin:services_service_export"
_X = "{http://www.w3.org/1999/xhtml}"


@pytest.fixture
def administrator():
    return make_user(Role.ADMINISTRATOR, username="keeper")


@pytest.fixture
def pages(administrator):
    return browser(administrator)


def hand_in(pages, content, name="catalogue.csv", **more):
    if isinstance(content, str):
        content = content.encode()
    return pages.post(reverse(IMPORT), {"file": SimpleUploadedFile(name, content), **more})


def cells(page, table_id):
    """The text of each cell of a table's body, row by row."""
    (table,) = elements(page, "table", id=table_id)
    rows = [each for each in table.iter(f"{_X}tr") if each.find(f"{_X}td") is not None]
    return [[text(cell) for cell in each] for each in rows]


NEW = spreadsheet(
    ["record", "code", "slug", "agency", "name_ar", "name_en"],
    ["agency", "MOH", "", "", "الصحة", "Health"],
    ["service", "", "book", "MOH", "حجز", "Booking"],
)
CHANGED = spreadsheet(
    ["record", "slug", "name_en"],
    ["service", "book", "Booking <b>now</b>"],
)


def test_handing_in_a_file_shows_what_would_be_added_and_changes_nothing(pages):
    shown = hand_in(pages, NEW)

    assert cells(shown, "counts") == [["agencies", "1", "0"], ["services", "1", "0"]]
    assert cells(shown, "creates") == [["2", "agencies: MOH"], ["3", "services: book"]]
    assert not Service.objects.exists()
    assert not AuditEntry.objects.exists()


def test_agreeing_imports_it_and_records_who_why_and_from_where(pages, administrator):
    shown = hand_in(pages, NEW, why="The new ministry")
    done = pages.post(reverse(IMPORT), filled_in(shown), follow=True)

    assert "2 rows were added." in page_text(done)
    assert Service.objects.get().agency.code == "MOH"
    entries = AuditEntry.objects.order_by("pk")
    assert [(entry.act, entry.subject_name) for entry in entries] == [
        ("import", "catalogue.csv"),
        ("add", "Health"),
        ("add", "Booking"),
    ]
    assert {(entry.actor, entry.address, entry.reason) for entry in entries} == {
        (administrator, "127.0.0.1", "The new ministry")
    }


def test_the_preview_shows_values_before_and_after_as_texts(pages):
    make_service(slug="book", name_en="Booking")
    shown = hand_in(pages, CHANGED)
    assert cells(shown, "changes") == [
        ["2", "services: book", "name_en: Booking Booking <b>now</b>"]
    ]


def test_what_changed_since_is_shown_again_before_anything_happens(pages):
    make_service(slug="book", name_en="Booking")
    shown = hand_in(pages, CHANGED)
    Service.objects.update(name_en="Appointments")

    again = pages.post(reverse(IMPORT), filled_in(shown))

    assert "The catalogue has changed since." in page_text(again)
    assert cells(again, "changes")[0][2] == "name_en: Appointments Booking <b>now</b>"
    assert Service.objects.get().name_en == "Appointments"
    pages.post(reverse(IMPORT), filled_in(again))
    assert Service.objects.get().name_en == "Booking <b>now</b>"


def test_what_became_wrong_since_is_listed_and_nothing_happens(pages):
    make_agency(code="MOH")
    shown = hand_in(
        pages,
        spreadsheet(
            ["record", "slug", "agency", "name_ar", "name_en"],
            ["service", "book", "MOH", "حجز", "Booking"],
        ),
    )
    Agency.objects.all().delete()

    again = pages.post(reverse(IMPORT), filled_in(shown))

    assert cells(again, "faults")[0][:2] == ["2", "agency"]
    assert not Service.objects.exists()


def test_faults_stand_in_a_table_with_the_mend_and_there_is_nothing_to_agree_to(pages):
    shown = hand_in(pages, spreadsheet(["record", "slug"], ["service", "a b"], ["planet", "x"]))
    assert cells(shown, "faults")[0] == [
        "2",
        "slug",
        "“a b” cannot stand in an address.",
        "Use Latin letters, digits and hyphens only, such as pass-renew.",
    ]
    assert "2 things are wrong. Nothing was imported." in page_text(shown)
    assert elements(shown, "form", id="confirm_form") == []


def test_faults_are_told_in_arabic_to_who_reads_arabic(administrator):
    shown = hand_in(browser(administrator, "ar"), spreadsheet(["record", "slug"], ["كوكب", "x"]))
    ((line, column, reason, mend),) = cells(shown, "faults")
    assert (line, column) == ("2", "record")
    assert "كوكب" in reason
    assert mend


def test_a_file_that_changes_nothing_says_so(pages):
    make_catalogue()
    content = pages.get(reverse(EXPORT, args=["csv"])).content
    shown = hand_in(pages, content)
    assert "There is nothing to import." in page_text(shown)
    assert elements(shown, "form", id="confirm_form") == []


def test_a_forgotten_file_is_asked_for_again(pages):
    answer = pages.post(reverse(IMPORT), {"ticket": "gone", "shown": ""}, follow=True)
    assert "The file is not here any more. Choose it again." in page_text(answer)


def test_nobody_imports_a_file_that_somebody_else_handed_in(pages):
    shown = hand_in(pages, NEW)
    other = browser(make_user(Role.ADMINISTRATOR))
    answer = other.post(reverse(IMPORT), filled_in(shown), follow=True)
    assert "The file is not here any more." in page_text(answer)
    assert not Service.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(pages, monkeypatch):
    monkeypatch.setattr(exchange, "_LARGEST_MB", 0)
    shown = hand_in(pages, NEW)
    assert errors(shown) == [
        "The file is larger than 0 MB. Split it, or have it imported on the command line."
    ]


@pytest.mark.parametrize(
    ("written_as", "content_type", "start"),
    [
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfrecord;code;slug"),
        ("jsonld", "application/ld+json", b'{\n  "@context": {'),
    ],
)
def test_an_export_is_a_file_to_save_and_never_kept_by_caches(
    pages, written_as, content_type, start
):
    make_catalogue()
    answer = pages.get(reverse(EXPORT, args=[written_as]))
    assert answer.headers["Content-Type"] == content_type
    assert "no-store" in answer.headers["Cache-Control"]
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="catalogue-')
    assert disposition.endswith(f'.{written_as}"')
    assert answer.content.startswith(start)


def test_an_unknown_format_does_not_exist(pages):
    assert pages.get(reverse(EXPORT, args=["xml"])).status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_nobody_else_imports_exports_or_sees_the_links(role):
    pages = browser(make_user(role))
    assert pages.get(reverse(IMPORT)).status_code == 403
    assert hand_in(pages, NEW).status_code == 403
    assert pages.get(reverse(EXPORT, args=["csv"])).status_code == 403
    listed = pages.get(reverse("admin:services_service_changelist"))
    assert listed.status_code == 200
    assert reverse(IMPORT) not in listed.content.decode()


def test_the_list_of_services_leads_there(pages):
    listed = pages.get(reverse("admin:services_service_changelist"))
    for address in (
        reverse(IMPORT),
        reverse(EXPORT, args=["csv"]),
        reverse(EXPORT, args=["jsonld"]),
    ):
        assert len(elements(listed, "a", href=address)) == 1


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_form_works_in_both_languages(administrator, language):
    page = browser(administrator, language).get(reverse(IMPORT))
    (html,) = elements(page, "html", lang=language)
    assert html.get("dir") == ("rtl" if language == "ar" else "ltr")
    assert len(elements(page, "input", type="file", name="file")) == 1
