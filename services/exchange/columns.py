"""The columns of a catalogue file: one list that reading, writing, checking and the docs share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from core.arabic import fold, without_bidi_controls
from services.exchange.cells import (
    Cell,
    Choice,
    Choices,
    Code,
    Flag,
    Number,
    PublicId,
    Slug,
    Text,
    Url,
)
from services.exchange.records import Key, Present, Record, Values
from services.exchange.specs import spec_columns, texts_of
from services.labels import Audience, ChannelKind, Network, Visibility
from services.probes import KINDS
from services.status.cascade import EdgeKind

A, C, S, CH, K, E = Record

RECORD_WORDS = {
    A: ("جهة",),
    C: ("فئة", "تصنيف"),
    S: ("خدمة",),
    CH: ("قناة",),
    K: ("فحص",),
    E: ("اعتماد", "اعتمادية"),
}
_CHANNELS = {
    ChannelKind.WEB: ("موقع", "الموقع"),
    ChannelKind.APP: ("تطبيق", "التطبيق"),
    ChannelKind.KIOSK: ("أجهزة الخدمة الذاتية", "خدمة ذاتية"),
    ChannelKind.CONTACT: ("مركز الاتصال",),
    ChannelKind.COUNTER: ("مركز الخدمة", "حضوريًا"),
    ChannelKind.API: ("ربط الأنظمة", "واجهة برمجية"),
}
_AUDIENCES = {
    Audience.CITIZEN: ("مواطن", "مواطنون", "المواطنون"),
    Audience.RESIDENT: ("مقيم", "مقيمون", "المقيمون"),
    Audience.BUSINESS: ("أعمال", "شركة", "شركات", "منشأة", "منشآت"),
    Audience.VISITOR: ("زائر", "زوار", "الزوار"),
}
_VISIBILITIES = {
    Visibility.PUBLIC: ("عام", "عامة", "للجميع"),
    Visibility.AGENCIES: ("للجهات", "الجهات فقط"),
    Visibility.HIDDEN: ("مخفي", "مخفية"),
}
_NETWORKS = {
    Network.INTERNET: ("إنترنت", "الإنترنت"),
    Network.GOVERNMENT: ("الشبكة الحكومية", "حكومية"),
}
_EDGES = {
    EdgeKind.HARD: ("أساسي", "أساسية"),
    EdgeKind.SOFT: ("جزئي", "جزئية"),
    EdgeKind.ALTERNATIVE: ("بديل", "له بديل"),
}
_BIG = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, the Arabic names that are read too, and its cells in each record.

    `meaning` is what the page in docs says. `cells` tells how a cell reads in each record that
    has the column; in the others it stays empty.
    """

    name: str
    arabic: tuple[str, ...]
    meaning: str
    cells: Mapping[Record, Cell] = field(default_factory=dict)


def _words(choices: Mapping[Any, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {str(value): words for value, words in choices.items()}


_channel = Choice(words=_words(_CHANNELS), required=True)
_name = Text(at_most=200, required=True)
_service = Slug(at_most=80, required=True)

COLUMNS: tuple[Column, ...] = (
    Column("record", ("السجل", "نوع السجل"), "What the row is about: one of the six words above."),
    Column("code", ("الرمز",), "The agency's code, which never changes.", {A: Code(required=True)}),
    Column(
        "slug",
        ("المعرف", "الاسم المختصر"),
        "The part of the address that names it: Latin letters, digits, hyphens.",
        {C: Slug(at_most=50, required=True), S: Slug(at_most=80, required=True)},
    ),
    Column(
        "public_id",
        ("المعرف الثابت",),
        "The stable id by which other systems know the service. Empty on a new row: one is made. "
        "It never changes.",
        {S: PublicId()},
    ),
    Column(
        "agency",
        ("الجهة",),
        "The code of the agency that owns the service.",
        {S: Code(required=True)},
    ),
    Column("category", ("الفئة", "التصنيف"), "The slug of its category.", {S: Slug(at_most=50)}),
    Column(
        "service",
        ("الخدمة",),
        "The slug of the service that the channel or check belongs to.",
        {CH: _service, K: _service},
    ),
    Column(
        "upstream",
        ("الخدمة المعتمد عليها",),
        "The slug of the service that is needed.",
        {E: _service},
    ),
    Column(
        "dependant",
        ("الخدمة المعتمدة",),
        "The slug of the service that needs it.",
        {E: _service},
    ),
    Column(
        "channel",
        ("القناة",),
        "Which way to reach the service. In an edge: only this channel needs it; empty means all.",
        {CH: _channel, K: _channel, E: Choice(words=_words(_CHANNELS), keyed=True)},
    ),
    Column(
        "name",
        ("اسم الفحص",),
        "The name of the check; no two checks of a channel have the same. Empty is a name too.",
        {K: Text(at_most=120, keyed=True)},
    ),
    Column(
        "kind",
        ("النوع",),
        "Of a check: how it asks. Of an edge: how much it is needed.",
        {
            K: Choice(words=dict.fromkeys(KINDS, ()), default="http", keeps=True),
            E: Choice(words=_words(_EDGES), default="hard", keeps=True),
        },
    ),
    Column(
        "name_ar",
        ("الاسم بالعربية",),
        "The name in Arabic.",
        {
            A: Text(at_most=200, required=True),
            C: Text(at_most=120, required=True),
            S: Text(at_most=200, required=True),
        },
    ),
    Column(
        "name_en",
        ("الاسم بالإنجليزية",),
        "The name in English.",
        {
            A: Text(at_most=200, required=True),
            C: Text(at_most=120, required=True),
            S: Text(at_most=200, required=True),
        },
    ),
    Column(
        "description_ar",
        ("الوصف بالعربية",),
        "What it is for, in Arabic.",
        {S: Text(lines=True)},
    ),
    Column(
        "description_en",
        ("الوصف بالإنجليزية",),
        "What it is for, in English.",
        {S: Text(lines=True)},
    ),
    Column(
        "aliases_ar",
        ("أسماء أخرى بالعربية",),
        "Other names that people search for, one a line inside the cell.",
        {S: Text(lines=True, distinct=True)},
    ),
    Column(
        "aliases_en",
        ("أسماء أخرى بالإنجليزية",),
        "The same in English.",
        {S: Text(lines=True, distinct=True)},
    ),
    Column(
        "tier",
        ("الأهمية", "الفئة الحرجة"),
        "1 is critical for the country, 3 can wait. 2 where it is not said.",
        {S: Number(low=1, high=3, default=2, keeps=True)},
    ),
    Column(
        "is_shared",
        ("خدمة مشتركة",),
        "Whether services of other agencies depend on it: yes or no.",
        {S: Flag(default=False)},
    ),
    Column(
        "audience",
        ("الجمهور", "المستفيدون"),
        "For whom it is: one or more of these words with commas between them.",
        {S: Choices(words=_words(_AUDIENCES))},
    ),
    Column(
        "phone",
        ("الهاتف",),
        "The number that people can call, as they dial it.",
        {A: Text(at_most=40), S: Text(at_most=40), CH: Text(at_most=40)},
    ),
    Column(
        "url",
        ("العنوان", "الرابط"),
        "Its address on the web.",
        {A: Url(at_most=200), CH: Url(at_most=500)},
    ),
    Column(
        "hours_ar",
        ("الساعات بالعربية",),
        "When it is open, in Arabic.",
        {S: Text(at_most=200), CH: Text(at_most=200)},
    ),
    Column(
        "hours_en",
        ("الساعات بالإنجليزية",),
        "When it is open, in English.",
        {S: Text(at_most=200), CH: Text(at_most=200)},
    ),
    Column(
        "meanwhile_ar",
        ("ما العمل عند التوقف بالعربية",),
        "What people can do while it is down, in Arabic.",
        {S: Text(lines=True)},
    ),
    Column(
        "meanwhile_en",
        ("ما العمل عند التوقف بالإنجليزية",),
        "The same in English.",
        {S: Text(lines=True)},
    ),
    Column(
        "visibility",
        ("الظهور",),
        "Who may read of it.",
        {S: Choice(words=_words(_VISIBILITIES), default="public", keeps=True)},
    ),
    Column("is_beta", ("تجريبية",), "Whether it is on trial: yes or no.", {S: Flag(default=False)}),
    Column(
        "position",
        ("الترتيب",),
        "Where it stands in lists; smaller numbers come first.",
        {record: Number(low=0, high=_BIG, default=0, keeps=True) for record in (A, C, S, CH)},
    ),
    Column(
        "alternative_ar",
        ("البديل بالعربية",),
        "The other way that there is, in Arabic.",
        {E: Text(at_most=200)},
    ),
    Column(
        "alternative_en",
        ("البديل بالإنجليزية",),
        "The same in English.",
        {E: Text(at_most=200)},
    ),
    Column(
        "is_essential",
        ("أساسي",),
        "Whether the channel is down when the check fails, or only degraded: yes or no.",
        {K: Flag(default=True)},
    ),
    Column("is_enabled", ("مفعّل",), "Whether the check runs: yes or no.", {K: Flag(default=True)}),
    Column(
        "network",
        ("الشبكة",),
        "From which network it looks.",
        {K: Choice(words=_words(_NETWORKS), default="internet", keeps=True)},
    ),
    Column(
        "interval_seconds",
        ("الفاصل بالثواني",),
        "Seconds from one check to the next, at least 5. Empty follows the tier.",
        {K: Number(low=5, high=_BIG, default=None)},
    ),
    Column(
        "timeout_seconds",
        ("المهلة بالثواني",),
        "Seconds that one check may take, 1 to 30. Empty follows the portal's setting.",
        {K: Number(low=1, high=30, default=None)},
    ),
    Column(
        "slow_after_ms",
        ("بطيء بعد (ملّي ثانية)",),
        "From how many milliseconds on an answer counts as slow.",
        {K: Number(low=0, high=_BIG, default=4000, keeps=True)},
    ),
    *(Column(spec.column, spec.arabic, spec.meaning) for spec in spec_columns()),
)

BY_NAME: Mapping[str, Column] = {column.name: column for column in COLUMNS}
# The columns that make the natural key of each record, in the order of the key.
KEYS: Mapping[Record, tuple[str, ...]] = {
    A: ("code",),
    C: ("slug",),
    S: ("slug",),
    CH: ("service", "channel"),
    K: ("service", "channel", "name"),
    E: ("upstream", "dependant", "channel"),
}


def columns_of(record: Record) -> dict[str, Cell]:
    """The columns that say something about `record`, and how their cells read."""
    return _columns_of()[record]


@cache
def _columns_of() -> dict[Record, dict[str, Cell]]:
    return {
        record: {column.name: column.cells[record] for column in COLUMNS if record in column.cells}
        for record in Record
    }


@cache
def _headers() -> dict[str, str]:
    found = {column.name: column.name for column in COLUMNS}
    found |= {fold(word): column.name for column in COLUMNS for word in column.arabic}
    return found


def column_named(header: str) -> str | None:
    """The name of the column that `header` means, in either language; None for none."""
    plain = without_bidi_controls(header).strip().casefold()
    return _headers().get(plain) or _headers().get(fold(plain))


@cache
def _records() -> dict[str, Record]:
    found = {record.value: record for record in Record}
    return found | {fold(word): record for record, words in RECORD_WORDS.items() for word in words}


def record_named(word: str) -> Record | None:
    """The record that `word` means, in either language; None for none."""
    return _records().get(fold(word))


# --- Writing --------------------------------------------------------------------------------


def cells_of(key: Key, values: Values) -> dict[str, str]:
    """The texts of one row of the catalogue by column name; what has none is empty or absent."""
    record = Record(key[0])
    cells = {"record": record.value}
    for name, cell in columns_of(record).items():
        cells[name] = cell.format(values.get(name))
    spec = values.get("spec")
    return cells | texts_of(spec) if isinstance(spec, Mapping) else cells


def in_order(present: Present) -> list[Key]:
    """All keys as files have them: by record, then as pages list them, then by key.

    It depends on nothing but the values, so that an import and an export give the same file.
    """
    ranks = {record.value: number for number, record in enumerate(Record)}

    def place(key: Key) -> tuple[int, str]:
        position = present.rows.get(key, {}).get("position")
        return (position if isinstance(position, int) else 0, key[-1])

    def rank(key: Key) -> tuple[object, ...]:
        if key[0] == E:
            return ranks[key[0]], place((S.value, key[2])), key[1], key[3]
        if key[0] in (CH, K):
            parents = place((S.value, key[1])), place((CH.value, *key[1:3]))
            return (ranks[key[0]], *parents, *key[3:])
        return ranks[key[0]], place(key)

    return sorted(present.rows, key=rank)
