"""Export, import into an empty portal, export: the same bytes; and again: nothing."""

from datetime import UTC, datetime

import pytest

from accounts.models import Agency, Membership
from core.audit import AuditEntry
from incidents.models import ClosingReport, Entry, Incident, Update
from maintenance.models import Step, Window, WindowService
from services.exchange.apply import import_catalogue, preview
from services.exchange.files import CatalogueFile, Format, write
from services.exchange.present import load
from services.exchange.records import Record
from services.models import Category, Channel, Check, Edge, Service, StatusChange
from statusportal.demo.seed import seed
from tests.services.exchange.catalogues import make_catalogue

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def exported(written_as: Format) -> CatalogueFile:
    return CatalogueFile(f"catalogue.{written_as}", write(load().present, written_as))


def empty_the_portal() -> None:
    for model in (Edge, Check, Channel, Service, Category, Agency):
        model.objects.all().delete()


def bring(file: CatalogueFile):
    return import_catalogue(file=file, actor=None, now=NOW)


@pytest.mark.parametrize("written_as", Format)
def test_an_exported_catalogue_comes_back_the_same(written_as):
    make_catalogue()
    first = exported(written_as)
    ids = dict(Service.objects.values_list("slug", "public_id"))
    empty_the_portal()

    bring(first)

    assert exported(written_as).content.decode() == first.content.decode()
    assert dict(Service.objects.values_list("slug", "public_id")) == ids


@pytest.mark.parametrize("written_as", Format)
def test_importing_what_is_there_changes_nothing_and_leaves_no_trace(written_as):
    make_catalogue()
    stored = list(Check.objects.order_by("pk").values())
    described = Service.objects.get(slug="pass-renew").description_en

    plan = bring(exported(written_as))

    assert plan.is_empty
    assert plan.unchanged == len(load().present.rows) == 13
    assert list(Check.objects.order_by("pk").values()) == stored
    assert Service.objects.get(slug="pass-renew").description_en == described
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("written_as", Format)
def test_importing_twice_changes_nothing_the_second_time(written_as):
    make_catalogue()
    file = exported(written_as)
    empty_the_portal()
    assert len(bring(file).creates) == 13

    assert bring(file).is_empty


def test_both_formats_carry_the_same_catalogue():
    make_catalogue()
    by_csv, by_json = exported(Format.CSV), exported(Format.JSON_LD)
    empty_the_portal()
    bring(by_csv)
    assert preview(by_json).is_empty


@pytest.mark.parametrize("written_as", Format)
def test_no_secret_leaves_the_portal(written_as):
    make_catalogue()
    content = exported(written_as).content
    assert b"very-secret-value" not in content
    (check,) = Check.objects.exclude(sealed_secrets="")
    assert check.sealed_secrets.encode() not in content


@pytest.mark.parametrize("written_as", Format)
def test_a_whole_nation_comes_back_the_same(written_as, tmp_path, settings):
    # How slowly passwords are kept does not matter to what is exchanged.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    seeded = seed(now=NOW, folder=tmp_path, base_port=24_000)
    first = exported(written_as)
    told = (ClosingReport, Entry, Update, Incident)
    for model in (*told, Step, WindowService, Window, StatusChange):
        model.objects.all().delete()
    Membership.objects.all().delete()
    empty_the_portal()

    plan = bring(first)

    assert plan.counts()[Record.SERVICE] == (seeded.services, 0)
    assert plan.counts()[Record.CHECK] == (seeded.checks, 0)
    assert exported(written_as).content.decode() == first.content.decode()
