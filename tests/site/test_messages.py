"""The catalogue commands, on small trees of their own."""

import gettext
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from statusportal.management import catalogues

HEADER = (
    'msgid ""\n'
    'msgstr ""\n'
    '"Language: ar\\n"\n'
    '"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n'
    f'"Plural-Forms: {catalogues.ARABIC_PLURALS}\\n"\n\n'
)

GOOD_FORMS = (
    "لا توجد خدمات متأثرة",
    "خدمة واحدة متأثرة",
    "خدمتان متأثرتان",
    "%(n)s خدمات متأثرة",
    "%(n)s خدمةً متأثرة",
    "%(n)s خدمة متأثرة",
)


@pytest.fixture
def tree(tmp_path, settings):
    """An empty project."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "templates").mkdir()
    (tmp_path / "core").mkdir()
    return tmp_path


def python(tree: Path, source: str) -> None:
    (tree / "core" / "words.py").write_text(source, encoding="utf-8")


def template(tree: Path, source: str) -> None:
    (tree / "templates" / "page.html").write_text(source, encoding="utf-8")


def po(tree: Path, entries: str, header: str = HEADER) -> Path:
    path = tree / catalogues.ARABIC_PO
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(header + entries, encoding="utf-8")
    return path


def plural_entry(forms: tuple[str, ...]) -> str:
    strings = "".join(f'msgstr[{index}] "{form}"\n' for index, form in enumerate(forms))
    return (
        'msgid "%(n)s service is affected"\nmsgid_plural "%(n)s services are affected"\n' + strings
    )


def problems(tree: Path) -> list[str]:
    return [str(problem) for problem in catalogues.catalogue_problems(tree)]


def messages(tree: Path) -> set[tuple[str, str | None]]:
    return {
        (message.id if isinstance(message.id, str) else message.id[0], message.context)
        for message in catalogues.sources(tree)
        if message.id
    }


def test_it_extracts_every_form_of_gettext_from_python(tree):
    python(
        tree,
        'a = _("underscore")\n'
        'b = gettext("plain")\n'
        'c = gettext_lazy("lazy")\n'
        'd = ngettext("one", "many", 3)\n'
        'e = ngettext_lazy("lazy one", "lazy many", 3)\n'
        'f = pgettext("month", "May")\n'
        'g = pgettext_lazy("verb", "May")\n'
        'h = npgettext("bag", "piece", "pieces", 3)\n'
        'i = npgettext_lazy("bag", "lazy piece", "lazy pieces", 3)\n'
        'j = print("not a message")\n',
    )
    assert messages(tree) == {
        ("underscore", None),
        ("plain", None),
        ("lazy", None),
        ("one", None),
        ("lazy one", None),
        ("May", "month"),
        ("May", "verb"),
        ("piece", "bag"),
        ("lazy piece", "bag"),
    }


def test_it_extracts_from_templates_whatever_their_indentation(tree):
    template(
        tree,
        "{% load i18n %}\n"
        "<main>\n"
        "      <h1>{% translate 'Is it working?' %}</h1>\n"
        "   <p title=\"{{ _('Title') }}\">\n"
        "          {% blocktranslate trimmed count n=services %}\n"
        "            {{ n }} service\n"
        "          {% plural %}\n"
        "            {{ n }} services\n"
        "          {% endblocktranslate %}\n"
        "  {% translate 'May' context 'month' %}\n"
        "</main>\n",
    )
    assert messages(tree) == {
        ("Is it working?", None),
        ("Title", None),
        ("%(n)s service", None),
        ("May", "month"),
    }


def test_it_hands_notes_for_translators_on(tree):
    python(tree, '# Translators: a channel, not a television\nlabel = _("Channel")\n')
    template(tree, "{# Translators: the month #}\n{% translate 'May' %}\n")
    catalogues.update(tree)
    text = (tree / catalogues.ARABIC_PO).read_text(encoding="utf-8")
    assert "#. Translators: a channel, not a television\n#: core/words.py" in text
    assert "#. Translators: the month\n#: templates/page.html" in text


def test_it_leaves_migrations_and_plain_folders_alone(tree):
    (tree / "core" / "migrations").mkdir()
    (tree / "core" / "migrations" / "0001_initial.py").write_text('_("in a migration")\n')
    (tree / "docs").mkdir()
    (tree / "docs" / "words.py").write_text('_("in the docs")\n')
    assert messages(tree) == set()


def test_it_keeps_translations_and_guesses_none(tree):
    python(tree, '_("Services")\n_("Service")\n')
    path = po(tree, 'msgid "Services"\nmsgstr "الخدمات"\n')
    call_command("messages")
    catalogue = catalogues.read(path)
    assert catalogue.get("Services").string == "الخدمات"
    assert catalogue.get("Service").string == ""
    assert not catalogue.get("Service").fuzzy


def test_it_writes_the_six_plural_forms_and_their_rule(tree):
    python(tree, 'ngettext("%(n)s hour", "%(n)s hours", n)\n')
    call_command("messages")
    text = (tree / catalogues.ARABIC_PO).read_text(encoding="utf-8")
    assert "".join(text.split('"\n"')).count(catalogues.ARABIC_PLURALS) == 1
    assert text.count("\nmsgstr[") == 6


def test_it_keeps_the_words_of_a_message_that_gains_a_plural(tree):
    path = po(tree, 'msgid "day"\nmsgstr "يوم"\n')
    python(tree, 'ngettext("day", "days", n)\n')
    call_command("messages")
    assert catalogues.read(path).get("day").string == ("يوم", "", "", "", "", "")


def test_it_changes_nothing_when_run_twice(tree, capsys):
    python(tree, '_("Services")\n')
    call_command("messages")
    path = tree / catalogues.ARABIC_PO
    first = path.read_bytes()
    os.utime(path, (1, 1))
    call_command("messages")
    assert path.read_bytes() == first
    assert path.stat().st_mtime == 1
    assert capsys.readouterr().out.endswith("django.po unchanged.\n")


def test_words_that_left_the_sources_wait_for_their_return_until_pruned(tree):
    path = po(tree, 'msgid "Gone"\nmsgstr "ذهب"\n\nmsgid "Here"\nmsgstr "هنا"\n')
    python(tree, '_("Here")\n')
    call_command("messages")
    assert '#~ msgid "Gone"' in path.read_text(encoding="utf-8")
    python(tree, '_("Here")\n_("Gone")\n')
    call_command("messages")
    assert catalogues.read(path).get("Gone").string == "ذهب"
    python(tree, '_("Here")\n')
    call_command("messages", "--prune")
    assert "Gone" not in path.read_text(encoding="utf-8")


def test_a_complete_catalogue_passes(tree, capsys):
    python(
        tree,
        '_("Services")\nngettext("%(n)s service is affected", "%(n)s services are affected", n)\n',
    )
    po(tree, 'msgid "Services"\nmsgstr "الخدمات"\n\n' + plural_entry(GOOD_FORMS))
    call_command("messages", "--check")
    assert capsys.readouterr().out == "The Arabic catalogue is complete.\n"


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ("", 'missing: "Services"'),
        ('msgid "Services"\nmsgstr ""\n', 'untranslated: "Services"'),
        ('#, fuzzy\nmsgid "Services"\nmsgstr "الخدمات"\n', 'fuzzy: "Services"'),
        (
            'msgid "Services"\nmsgstr "الخدمات"\n\nmsgid "Old"\nmsgstr "قديم"\n',
            'obsolete: "Old"',
        ),
        (
            'msgid "Services"\nmsgstr "الخدمات"\n\n#~ msgid "Older"\n#~ msgstr "أقدم"\n',
            'obsolete: "Older"',
        ),
        ('msgid "Services"\nmsgstr "%(n)s خدمات"\n', 'placeholders differ: "Services"'),
        (
            'msgctxt "menu"\nmsgid "Services"\nmsgstr "الخدمات"\n',
            'missing: "Services"',
        ),
    ],
)
def test_it_names_each_message_that_is_not_right(tree, entries, found):
    python(tree, '_("Services")\n')
    po(tree, entries)
    assert f"locale/ar/LC_MESSAGES/django.po: {found}" in problems(tree)
    with pytest.raises(CommandError, match="to put right"):
        call_command("messages", "--check")


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, []),
        ({0: "%(n)s خدمة"}, []),
        ({2: ""}, ["form two is empty"]),
        ({3: "خدمات متأثرة"}, ["placeholders differ in form few"]),
        ({1: "خدمة %(m)s متأثرة"}, ["placeholders differ in form one"]),
        ({5: "%(n)s%(n)s خدمة"}, []),
        ({4: "%(n)s%% خدمة"}, []),
        ({4: "%(n)s% خدمة"}, ["placeholders differ in form many"]),
    ],
)
def test_each_plural_form_leaves_open_what_the_source_does_but_small_ones_the_number(
    tree, changed, found
):
    python(tree, 'ngettext("%(n)s service is affected", "%(n)s services are affected", n)\n')
    forms = tuple(changed.get(index, form) for index, form in enumerate(GOOD_FORMS))
    po(tree, plural_entry(forms))
    name = '"%(n)s service is affected"'
    where = "locale/ar/LC_MESSAGES/django.po"
    assert problems(tree) == [f"{where}: {what}: {name}" for what in found]


def test_a_small_form_omits_the_number_and_nothing_else(tree):
    source = '"%(n)s service of %(agency)s"', '"%(n)d services of %(agency)s"'
    python(tree, f"ngettext({source[0]}, {source[1]}, n)\n")
    forms = (
        "لا خدمات لدى %(agency)s",
        "خدمة %(n)s",
        "خدمتان",
        "%(n)s لدى %(agency)s",
        "%(n)s لدى %(agency)s",
        "%(n)s لدى %(agency)s",
    )
    strings = "".join(f'msgstr[{index}] "{form}"\n' for index, form in enumerate(forms))
    po(tree, f"msgid {source[0]}\nmsgid_plural {source[1]}\n{strings}")
    assert [line.split(": ")[1] for line in problems(tree)] == [
        "placeholders differ in form one",
        "placeholders differ in form two",
    ]


def test_a_percent_sign_that_is_no_placeholder_asks_for_nothing(tree):
    python(tree, '_("100% of services")\n')
    po(tree, 'msgid "100% of services"\nmsgstr "100% من الخدمات"\n')
    assert problems(tree) == []


def test_the_plural_rule_must_be_the_one_of_six_forms(tree):
    python(tree, '_("Services")\n')
    po(
        tree,
        'msgid "Services"\nmsgstr "الخدمات"\n',
        HEADER.replace(catalogues.ARABIC_PLURALS, "nplurals=2; plural=(n != 1);"),
    )
    where = "locale/ar/LC_MESSAGES/django.po"
    assert problems(tree) == [f"{where}: Plural-Forms must be: {catalogues.ARABIC_PLURALS}"]


def test_a_block_that_is_not_trimmed_is_refused(tree):
    template(tree, "{% load i18n %}\n{% blocktranslate %}\n a \n{% endblocktranslate %}\n")
    assert [str(problem) for problem in catalogues.source_problems(tree)] == [
        "templates/page.html:2: blocktranslate is not trimmed"
    ]
    with pytest.raises(CommandError, match="blocktranslate is not trimmed"):
        call_command("messages")


@pytest.mark.parametrize(
    "call",
    [
        '_(f"{n} services")',
        'gettext_lazy("%s services" % n)',
        'translation.gettext("a" + b)',
        'ngettext("one", f"{n} services", n)',
        'npgettext("bag", "one", f"{n} pieces", n)',
    ],
)
def test_a_computed_message_is_refused(tree, call):
    python(tree, f"\nlabel = {call}\n")
    (problem,) = catalogues.source_problems(tree)
    assert problem.where == "core/words.py:2"


def test_a_computed_count_is_welcome(tree):
    python(tree, 'ngettext("%(n)s hour", "%(n)s hours", minutes // 60 + 1)\n')
    assert catalogues.source_problems(tree) == []


def test_compiled_words_are_what_gettext_reads(tree):
    path = po(tree, plural_entry(GOOD_FORMS))
    call_command("compile_messages")
    with path.with_suffix(".mo").open("rb") as file:
        words = gettext.GNUTranslations(file)
    counts = (0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 111)
    said = [
        words.ngettext("%(n)s service is affected", "%(n)s services are affected", n)
        for n in counts
    ]
    assert [GOOD_FORMS.index(form) for form in said] == [0, 1, 2, 3, 3, 4, 4, 5, 5, 3, 4]


def test_compiling_again_writes_only_what_changed(tree, capsys):
    path = po(tree, 'msgid "Services"\nmsgstr "الخدمات"\n')
    call_command("compile_messages")
    call_command("compile_messages")
    assert capsys.readouterr().out.splitlines() == [
        "compiled locale/ar/LC_MESSAGES/django.mo",
        "The compiled catalogues are up to date.",
    ]
    compiled = path.with_suffix(".mo").stat()
    os.utime(path, ns=(compiled.st_mtime_ns + 1, compiled.st_mtime_ns + 1))
    assert catalogues.compile_all(tree) == [path.with_suffix(".mo")]
