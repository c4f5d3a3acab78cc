"""`import_catalogue` and `export_catalogue`, as operators type them."""

import json

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Agency
from core.audit import AuditEntry
from services.exchange.files import Format, write
from services.exchange.present import load
from tests.factories import make_user
from tests.services.exchange.catalogues import make_catalogue, spreadsheet

pytestmark = pytest.mark.django_db

GOOD = spreadsheet(
    ["record", "code", "name_ar", "name_en"],
    ["agency", "MOH", "الصحة", "Health"],
)
BAD = spreadsheet(["record", "code"], ["agency", "m-o-h"], ["planet", ""])


@pytest.fixture
def file(tmp_path):
    def make(text):
        path = tmp_path / "catalogue.csv"
        path.write_text(text, encoding="utf-8-sig", newline="")
        return str(path)

    return make


def test_it_imports_and_says_how_much(file, capsys):
    call_command("import_catalogue", file(GOOD))
    assert capsys.readouterr().out.splitlines() == [
        "1 of 1 rows",
        "agency: 1 added, 0 changed",
        "0 rows are as they were.",
    ]
    assert Agency.objects.get().code == "MOH"
    assert AuditEntry.objects.filter(actor_name="portal", reason="catalogue.csv").count() == 2


def test_a_dry_run_writes_nothing(file, capsys):
    call_command("import_catalogue", file(GOOD), "--dry-run")
    assert capsys.readouterr().out.splitlines() == [
        "agency: 1 added, 0 changed",
        "0 rows are as they were.",
        "Nothing was written: this was a dry run.",
    ]
    assert not Agency.objects.exists()


@pytest.mark.parametrize("mode", [[], ["--dry-run"]])
def test_faults_are_listed_and_the_command_fails(file, capsys, mode):
    with pytest.raises(CommandError, match="Nothing was imported: 2 things are wrong"):
        call_command("import_catalogue", file(BAD), *mode, "--no-color")
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Line 2, code", "Line 3, record"]


def test_it_speaks_arabic_when_asked(file, capsys):
    with pytest.raises(CommandError) as error:
        call_command("import_catalogue", file(BAD), "--language", "ar", "--no-color")
    told = capsys.readouterr().err + str(error.value)
    assert "Line 2" not in told
    assert "السطر" in told


def test_the_person_and_the_reason_are_recorded(file):
    person = make_user(username="keeper")
    call_command("import_catalogue", file(GOOD), "--as", "keeper", "--why", "Decree 7")
    entries = AuditEntry.objects.values_list("actor", "reason")
    assert set(entries) == {(person.pk, "Decree 7")}


def test_an_unknown_person_or_file_is_one_sentence(file):
    with pytest.raises(CommandError, match="There is no person “nobody”"):
        call_command("import_catalogue", file(GOOD), "--as", "nobody")
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("import_catalogue", "nowhere.csv")


def test_an_export_goes_where_it_is_told_in_the_format_of_the_name(tmp_path):
    make_catalogue()
    for written_as in Format:
        path = tmp_path / f"all.{written_as}"
        call_command("export_catalogue", str(path))
        assert path.read_bytes() == write(load().present, written_as)


def test_an_export_to_the_standard_output_is_the_file_itself(capsysbinary):
    make_catalogue()
    call_command("export_catalogue", "--format", "jsonld")
    whole = json.loads(capsysbinary.readouterr().out)
    assert len(whole["@graph"]) == 5


def test_the_separator_can_be_chosen(tmp_path):
    make_catalogue()
    path = tmp_path / "all.csv"
    call_command("export_catalogue", str(path), "--separator", "comma")
    assert path.read_text(encoding="utf-8-sig").startswith("record,code,slug,public_id,")
    call_command("import_catalogue", str(path), verbosity=0)
    assert not AuditEntry.objects.exists()


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("export_catalogue", str(tmp_path / "nowhere" / "all.csv"))
