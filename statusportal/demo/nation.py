"""The demo nation: a country that does not exist, in the files of `data/`, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from core.bilingual import Bilingual
from services.labels import Audience, ChannelKind, Network, Visibility
from services.status.cascade import EdgeKind

_NOTHING = Bilingual()
_DATA = Path(__file__).parent / "data"
_SERVICE_FILES = (
    "services-identity-travel",
    "services-justice-traffic",
    "services-health-education",
    "services-labour-business",
    "services-tax-housing-utilities",
)
_CHANNELS = {
    "W": ChannelKind.WEB,
    "A": ChannelKind.APP,
    "K": ChannelKind.KIOSK,
    "C": ChannelKind.CONTACT,
    "O": ChannelKind.COUNTER,
    "N": ChannelKind.API,
}
_AUDIENCE = {
    "C": Audience.CITIZEN,
    "R": Audience.RESIDENT,
    "B": Audience.BUSINESS,
    "V": Audience.VISITOR,
}


class Speech(StrEnum):
    """What an endpoint says when it is asked, and so what its check can expect."""

    PAGE = "page"  # a page in Arabic and English that shows the service's Arabic name
    STATE = "state"  # a JSON document that tells how the system is
    KEYED_STATE = "keyed state"  # the same, only for who sends the key
    PLAIN = "plain"  # a code and nothing to read
    GREETING = "greeting"  # a line of text as soon as somebody connects, without HTTP
    BEAT = "beat"  # nothing listens: the system itself calls the portal


@dataclass(frozen=True, slots=True)
class Agency:
    """A body of the demo state: the hours of its telephone, its counters and its e-services."""

    code: str
    name: Bilingual
    phone: str
    contact_hours: Bilingual
    counter_hours: Bilingual
    service_hours: Bilingual

    @property
    def url(self) -> str:
        return f"https://{self.code.lower()}.gov.example/"


@dataclass(frozen=True, slots=True)
class Category:
    """A part of life."""

    slug: str
    name: Bilingual


@dataclass(frozen=True, slots=True)
class Need:
    """What a service needs (rule 12); `alternative` is empty unless there is another way."""

    upstream: str
    kind: EdgeKind
    alternative: Bilingual = _NOTHING


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What one check asks. `part` is empty for the essential check of the channel."""

    slug: str
    channel: ChannelKind
    speech: Speech
    tls: bool = False
    charset: str = "utf-8"
    part: str = ""
    network: Network = Network.INTERNET

    @property
    def key(self) -> str:
        """Its name in files and messages: `pass-renew/web`, `pass-renew/web/payment`."""
        return "/".join(filter(None, (self.slug, str(self.channel), self.part)))

    @property
    def is_essential(self) -> bool:
        return not self.part

    @property
    def can_say_wrong(self) -> bool:
        """Whether its check looks at what it says, beyond the code of the answer."""
        return self.speech not in {Speech.PLAIN, Speech.BEAT}

    @property
    def listens(self) -> bool:
        """Whether anybody can connect to it."""
        return self.speech is not Speech.BEAT


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach a service; without endpoints it is not monitored (rule 9)."""

    kind: ChannelKind
    url: str = ""
    phone: str = ""
    hours: Bilingual = _NOTHING
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Service:
    """One row of the catalogue; a shared service has no category and is of tier 1."""

    slug: str
    position: int
    agency: Agency
    category: str | None
    name: Bilingual
    description: Bilingual
    meanwhile: Bilingual
    aliases_ar: tuple[str, ...]
    aliases_en: tuple[str, ...]
    tier: int
    is_shared: bool
    visibility: Visibility
    audience: tuple[Audience, ...]
    needs: tuple[Need, ...]
    channels: tuple[Channel, ...] = field(default=())

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        return tuple(endpoint for channel in self.channels for endpoint in channel.endpoints)


@cache
def agencies() -> tuple[Agency, ...]:
    """The sixteen agencies, the authority first."""
    hours = _read("hours")
    return tuple(
        Agency(
            code=row["code"],
            name=_text(row["name"]),
            phone=row["phone"],
            contact_hours=_text(hours[row["contact_hours"]]["people"]),
            counter_hours=_text(hours[row["counter_hours"]]["people"]),
            service_hours=_text(hours[row["contact_hours"]]["service"]),
        )
        for row in _read("agencies")
    )


@cache
def categories() -> tuple[Category, ...]:
    """The twelve categories in the order of the home page."""
    return tuple(Category(row["slug"], _text(row["name"])) for row in _read("categories"))


@cache
def shared_services() -> tuple[Service, ...]:
    """The sixteen platforms that the others need."""
    rows = _read("shared")
    return tuple(_service(row, position=100 + number) for number, row in enumerate(rows, 1))


@cache
def e_services() -> tuple[Service, ...]:
    """The forty services of the agencies, in the order of their numbers."""
    rows = [row for name in _SERVICE_FILES for row in _read(name)]
    return tuple(
        _service(row, position=row["number"]) for row in sorted(rows, key=lambda r: r["number"])
    )


def services() -> tuple[Service, ...]:
    """All fifty-six."""
    return shared_services() + e_services()


def endpoints() -> tuple[Endpoint, ...]:
    """Everything that the demo's checks ask, in a fixed order."""
    return tuple(endpoint for service in services() for endpoint in service.endpoints)


@cache
def references() -> tuple[Endpoint, ...]:
    """What answers as long as a network is whole (rule 7): two of each, and no service's own."""
    return tuple(
        Endpoint(f"reference-{network}-{number}", ChannelKind.API, Speech.GREETING, network=network)
        for network in Network
        for number in (1, 2)
    )


def service(slug: str) -> Service | None:
    """The service with this slug, or None."""
    return next((one for one in services() if one.slug == slug), None)


def _read(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


def _text(pair: dict[str, str]) -> Bilingual:
    return Bilingual(pair["ar"], pair["en"])


def _service(row: dict[str, Any], *, position: int) -> Service:
    agency = next(one for one in agencies() if one.code == row["agency"])
    is_shared = "category" not in row
    return Service(
        slug=row["slug"],
        position=position,
        agency=agency,
        category=row.get("category"),
        name=_text(row["name"]),
        description=_text(row["description"]),
        meanwhile=_text(row["meanwhile"]),
        aliases_ar=tuple(row["aliases"]["ar"]),
        aliases_en=tuple(row["aliases"]["en"]),
        tier=1 if is_shared else row["tier"],
        is_shared=is_shared,
        visibility=Visibility(row.get("visibility", Visibility.PUBLIC)),
        audience=tuple(_AUDIENCE[letter] for letter in row["audience"].split()),
        needs=_needs(row),
        channels=tuple(
            _within(
                _channel(row, _CHANNELS[letter], agency),
                Network(row.get("network", Network.INTERNET)),
            )
            for letter in row["channels"].split()
        ),
    )


def _needs(row: dict[str, Any]) -> tuple[Need, ...]:
    """Capital letters are hard, small ones soft, as in the table of the services."""
    plain = tuple(
        Need(code.lower(), EdgeKind.HARD if code.isupper() else EdgeKind.SOFT)
        for code in row["needs"].split()
    )
    alternatives = tuple(
        Need(slug, EdgeKind.ALTERNATIVE, _text(text))
        for slug, text in row.get("alternatives", {}).items()
    )
    return plain + alternatives


def _within(channel: Channel, network: Network) -> Channel:
    """`channel` with its endpoints in the network from which they are looked at."""
    endpoints = tuple(replace(endpoint, network=network) for endpoint in channel.endpoints)
    return replace(channel, endpoints=endpoints)


def _channel(row: dict[str, Any], kind: ChannelKind, agency: Agency) -> Channel:
    slug, tls = row["slug"], row.get("tls", False)
    if kind is ChannelKind.COUNTER:
        return Channel(kind, hours=agency.counter_hours, phone=agency.phone)
    if kind is ChannelKind.CONTACT:
        # The telephone exchange itself tells how it is; other contact channels only have hours.
        asked = (Endpoint(slug, kind, Speech.STATE, tls),) if row.get("contact_check") else ()
        return Channel(kind, hours=agency.contact_hours, phone=agency.phone, endpoints=asked)
    if kind is ChannelKind.WEB:
        main = Endpoint(slug, kind, Speech.PAGE, tls, row.get("charset", "utf-8"))
        more = []
        if row.get("payment_check"):
            more.append(Endpoint(slug, kind, Speech.STATE, tls, part="payment"))
        if row.get("batch_check"):
            more.append(Endpoint(slug, kind, Speech.BEAT, part="batch"))
        return Channel(kind, url=f"https://services.gov.example/{slug}", endpoints=(main, *more))
    if kind is ChannelKind.APP:
        endpoint = Endpoint(slug, kind, Speech.STATE, tls)
        return Channel(kind, url=f"https://app.gov.example/{slug}", endpoints=(endpoint,))
    if kind is ChannelKind.KIOSK:
        # Kiosks stand in a network of their own, behind plain HTTP.
        return Channel(kind, endpoints=(Endpoint(slug, kind, Speech.PLAIN),))
    if row.get("kind") == "tcp":
        return Channel(kind, endpoints=(Endpoint(slug, kind, Speech.GREETING),))
    speech = Speech.KEYED_STATE if row.get("secret") else Speech.STATE
    return Channel(kind, endpoints=(Endpoint(slug, kind, speech, tls),))
