"""Message catalogues without GNU gettext: extract, check and compile them with Babel.

English is the source language and has no catalogue; Arabic has one and must be complete.
A message is known by its English text and its context, as in gettext.
"""

import ast
import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.template.base import Lexer, TokenType
from django.utils.translation.template import templatize

ROOTS = (
    "core",
    "accounts",
    "services",
    "maintenance",
    "incidents",
    "reports",
    "notifications",
    "statusportal",
    "templates",
)
TEMPLATE_SUFFIXES = frozenset({".html", ".txt", ".xml", ".svg"})
SKIPPED_FOLDERS = frozenset({"migrations", "__pycache__", "static"})
ARABIC_PO = Path("locale", "ar", "LC_MESSAGES", "django.po")

# The six forms in gettext's order: zero, one, two, few (3-10), many (11-99), other (100-102 …).
ARABIC_PLURALS = (
    "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 :"
    " n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5);"
)
FORM_NAMES = ("zero", "one", "two", "few", "many", "other")
# «خدمة واحدة» and «خدمتان» say the number in the noun itself.
FORMS_THAT_MAY_OMIT_THE_NUMBER = frozenset({0, 1, 2})

# Babel's notation: the positions of the message, its plural and its context among the arguments.
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}

NAMED = re.compile(r"%\((\w+)\)[#0\-+ ]*\d*(?:\.\d+)?([diouxXeEfFgGcrsa])")
# No space flag: in "100% of" the "% o" is a percent sign and a word, not a placeholder.
POSITIONAL = re.compile(r"%[#0\-+]*\d*(?:\.\d+)?[diouxXeEfFgGcrsa]")
BRACED = re.compile(r"\{(\w*)\}")

Key: TypeAlias = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the sources or with a catalogue, in words for a terminal."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Update:
    """What `update` did: messages that came, went and came back; and whether the file changed."""

    added: tuple[str, ...]
    retired: tuple[str, ...]
    written: bool


# --- what the sources say ---------------------------------------------------------------------


def source_files(base: Path) -> Iterator[Path]:
    """Python files and templates under the scanned packages, in a stable order."""
    for root in ROOTS:
        for folder, names, files in os.walk(base / root):
            names[:] = sorted(set(names) - SKIPPED_FOLDERS)
            for name in sorted(files):
                path = Path(folder, name)
                in_templates = "templates" in path.relative_to(base).parts
                if path.suffix == ".py" or (in_templates and path.suffix in TEMPLATE_SUFFIXES):
                    yield path


def sources(base: Path) -> Catalog:
    """Every message of the sources, as a catalogue without translations."""
    catalogue = Catalog(fuzzy=False)
    for path in source_files(base):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(base).as_posix()
        code = text if path.suffix == ".py" else _template_as_code(text, where)
        found = extract(
            "python",
            io.BytesIO(code.encode()),
            keywords=KEYWORDS,
            comment_tags=("Translators:",),
            options={"encoding": "utf-8"},
        )
        for line, message, comments, context in found:
            catalogue.add(
                message,
                locations=[(where, line)],
                auto_comments=comments,
                context=context,
            )
    return catalogue


def _template_as_code(text: str, where: str) -> str:
    """The template as calls of gettext, which Babel's Python extractor can read."""
    code = templatize(text, origin=where)
    # What is left of the markup keeps its indentation, which Python's tokenizer would refuse.
    return "\n".join(line.lstrip() for line in code.splitlines()) + "\n"


def source_problems(base: Path) -> list[Problem]:
    """Messages that cannot be extracted, or that would carry the template's line breaks."""
    problems: list[Problem] = []
    for path in source_files(base):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(base).as_posix()
        if path.suffix == ".py":
            problems += _computed_messages(text, where)
        else:
            problems += _untrimmed_blocks(text, where)
    return problems


def _computed_messages(text: str, where: str) -> Iterator[Problem]:
    """Calls such as _(f"…") and _("…" % n): extractors skip them, so they stay in English."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        if name not in KEYWORDS:
            continue
        # Behind its texts a plural takes the count, which may well be computed.
        texts = node.args[: len(KEYWORDS[name] or (1,))]
        if any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in texts):
            yield Problem(
                f"{where}:{node.lineno}",
                f"{name}() of a computed string cannot be translated;"
                " use named placeholders and fill them afterwards",
            )


def _name(expression: ast.expr) -> str:
    return expression.id if isinstance(expression, ast.Name) else ""


def _untrimmed_blocks(text: str, where: str) -> Iterator[Problem]:
    for token in Lexer(text).tokenize():
        if token.token_type is not TokenType.BLOCK:
            continue
        bits = token.split_contents()
        if bits[:1] in (["blocktranslate"], ["blocktrans"]) and "trimmed" not in bits:
            yield Problem(f"{where}:{token.lineno}", f"{bits[0]} is not trimmed")


# --- the catalogue file -----------------------------------------------------------------------


def read(path: Path) -> Catalog:
    """The catalogue in a .po file; an empty Arabic one where there is no file."""
    if not path.exists():
        catalogue = Catalog(locale="ar", project="statusportal", fuzzy=False)
        # Babel's own rule for Arabic sends 100, 101 and 102 to another form than Django's does.
        catalogue.mime_headers = [("Plural-Forms", ARABIC_PLURALS)]
        catalogue.header_comment = "# The Arabic words of the status portal."
        return catalogue
    with path.open("rb") as file:
        return read_po(file, locale="ar", abort_invalid=True)


def update(base: Path, *, prune: bool = False) -> Update:
    """Bring the Arabic catalogue up to date with the sources; keep every translation.

    A message that left the sources stays as an obsolete entry, in case its words come back;
    `prune` drops those. Nothing is guessed: there is no fuzzy matching.
    """
    path = base / ARABIC_PO
    old = path.read_bytes() if path.exists() else b""
    catalogue = read(path)
    before = _keys(catalogue)
    # Without these the file would differ on every run by its dates alone.
    creation_date, header = catalogue.creation_date, catalogue.header_comment
    found = sources(base)
    _revive(catalogue, wanted=_keys(found))
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.creation_date, catalogue.header_comment = creation_date, header
    catalogue.mime_headers = [("Plural-Forms", ARABIC_PLURALS)]
    for message in catalogue:
        _fit_forms(message)
    after = _keys(catalogue)
    new = io.BytesIO()
    write_po(
        new,
        catalogue,
        width=99,
        sort_by_file=True,
        ignore_obsolete=prune,
        include_lineno=False,
    )
    if new.getvalue() != old:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, new.getvalue())
    return Update(
        added=tuple(key[0] for key in after if key not in before),
        retired=tuple(key[0] for key in before if key not in after),
        written=new.getvalue() != old,
    )


def _revive(catalogue: Catalog, *, wanted: dict[Key, Message]) -> None:
    """Give words that came back the translation that they had; Babel would start them empty."""
    for identity, message in list(catalogue.obsolete.items()):
        if _key(message) in wanted:
            del catalogue.obsolete[identity]
            catalogue.add(message.id, message.string, context=message.context, flags=message.flags)


def _fit_forms(message: Message) -> None:
    """Give a message that gained or lost its plural the number of forms that it now has."""
    if message.pluralizable:
        message.string = _forms(message)


def _forms(message: Message) -> tuple[str, ...]:
    """The translation's six forms; those that it does not have are empty."""
    string = message.string or ()
    forms = (string,) if isinstance(string, str) else tuple(string)
    return (*forms, *("" for _ in FORM_NAMES))[: len(FORM_NAMES)]


def _keys(catalogue: Catalog) -> dict[Key, Message]:
    return {_key(message): message for message in catalogue if message.id}


def _key(message: Message) -> Key:
    return _texts(message)[0], message.context


def _texts(message: Message) -> tuple[str, str]:
    """Singular and plural in English; the same text twice where there is no plural."""
    if isinstance(message.id, str):
        return message.id, message.id
    return message.id[0], message.id[1]


# --- what is wrong with it --------------------------------------------------------------------


def catalogue_problems(base: Path) -> list[Problem]:
    """Every reason why the Arabic catalogue is not the whole and exact image of the sources."""
    path = base / ARABIC_PO
    where = ARABIC_PO.as_posix()
    wanted = _keys(sources(base))
    if not path.exists():
        return [Problem(where, "there is no catalogue")] if wanted else []
    catalogue = read(path)
    held = _keys(catalogue)
    problems = []
    if _squeezed(catalogue.plural_forms) != _squeezed(ARABIC_PLURALS):
        problems.append(Problem(where, f"Plural-Forms must be: {ARABIC_PLURALS}"))
    for key, source in wanted.items():
        if key not in held:
            problems.append(Problem(where, f"missing: {_quoted(key)}"))
        elif held[key].pluralizable != source.pluralizable or (
            source.pluralizable and held[key].id != source.id
        ):
            problems.append(Problem(where, f"plural differs from the source: {_quoted(key)}"))
    for key, message in held.items():
        if key not in wanted:
            problems.append(Problem(where, f"obsolete: {_quoted(key)}"))
        else:
            problems += [Problem(where, what) for what in message_problems(message)]
    problems += [
        Problem(where, f"obsolete: {_quoted(_key(message))}")
        for message in catalogue.obsolete.values()
    ]
    return problems


def message_problems(message: Message) -> list[str]:
    """What is wrong with one translated message: gaps, doubts, and placeholders that differ."""
    name = _quoted(_key(message))
    singular, plural = _texts(message)
    if message.fuzzy:
        return [f"fuzzy: {name}"]
    forms = _forms(message)
    if not message.pluralizable:
        if not forms[0]:
            return [f"untranslated: {name}"]
        if Placeholders.of(forms[0]) != Placeholders.of(singular):
            return [f"placeholders differ: {name}"]
        return []
    if not any(forms):
        return [f"untranslated: {name}"]
    problems = []
    for index, form in enumerate(forms):
        if not form:
            problems.append(f"form {FORM_NAMES[index]} is empty: {name}")
        elif not _form_fits(singular, plural, form, index):
            problems.append(f"placeholders differ in form {FORM_NAMES[index]}: {name}")
    return problems


@dataclass(frozen=True, slots=True)
class Placeholders:
    """What a text leaves open. Positional ones are counted, as Python fills them by order."""

    named: frozenset[str]
    braced: frozenset[str]
    positional: tuple[str, ...]
    percent_signs: bool

    @classmethod
    def of(cls, text: str) -> "Placeholders":
        """Read the placeholders of `text`; a doubled percent sign is a sign, not a placeholder."""
        rest = text.replace("%%", "")
        named = frozenset(match.group(1) for match in NAMED.finditer(rest))
        rest = NAMED.sub("", rest)
        return cls(
            named=named,
            braced=frozenset(BRACED.findall(rest)),
            positional=tuple(POSITIONAL.findall(rest)),
            # A bare sign breaks the formatting of a text that has named placeholders.
            percent_signs=bool(named) and "%" in rest,
        )


def _form_fits(singular: str, plural: str, form: str, index: int) -> bool:
    """Whether a plural form leaves open what the plural does, or that without the number."""
    wanted, found = Placeholders.of(plural), Placeholders.of(form)
    if found == wanted:
        return True
    if index not in FORMS_THAT_MAY_OMIT_THE_NUMBER:
        return False
    # Only a named placeholder may be left out: with a positional one the arguments no longer fit.
    if (found.positional, found.percent_signs) != (wanted.positional, wanted.percent_signs):
        return False
    named, braced = wanted.named - found.named, wanted.braced - found.braced
    invented = (found.named - wanted.named) | (found.braced - wanted.braced)
    left_out = named | braced
    return not invented and left_out <= _numbers(singular, plural) and len(left_out) == 1


def _numbers(singular: str, plural: str) -> frozenset[str]:
    """The placeholders that may be the count: what English omits in the singular, or digits."""
    one, many = Placeholders.of(singular), Placeholders.of(plural)
    omitted = (many.named - one.named) | (many.braced - one.braced)
    if omitted:
        return omitted
    digits = frozenset(
        match.group(1) for match in NAMED.finditer(plural) if match.group(2) in "diu"
    )
    return digits or many.named | many.braced


def _squeezed(text: str) -> str:
    return re.sub(r"[\s;]+", "", text)


def _quoted(key: Key) -> str:
    message, context = key
    return f'"{message}"' if context is None else f'"{message}" (context "{context}")'


# --- compiling --------------------------------------------------------------------------------


def compile_all(base: Path) -> list[Path]:
    """Compile each .po under locale/ whose .mo is missing or older; return the files written."""
    written = []
    for po in sorted(base.glob("locale/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        with po.open("rb") as file:
            catalogue = read_po(file, locale=po.parent.parent.name, abort_invalid=True)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        _replace(mo, compiled.getvalue())
        written.append(mo)
    return written


def _replace(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: a web process may be reading it at this moment."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        # mkstemp makes files that only their owner can read; catalogues belong to every process.
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
