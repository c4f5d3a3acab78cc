"""What is broken on purpose: which endpoints, how, and for how many answers more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from services.labels import Network
from statusportal.demo import nation
from statusportal.demo.nation import Endpoint
from statusportal.demo.plan import write_private


class How(StrEnum):
    """The ways in which an endpoint can fail."""

    ERROR = "error"  # an answer that says: error
    TIMEOUT = "timeout"  # accepts, never answers
    SLOW = "slow"  # answers too late to be good, too early to be lost
    TLS = "tls"  # shows a certificate that has expired
    TLS_NAME = "tls-name"  # shows a certificate of another address
    REFUSED = "refused"  # does not listen
    TEXT = "text"  # answers well, but not with what is expected

    @property
    def needs_tls(self) -> bool:
        return self in {How.TLS, How.TLS_NAME}


class CannotBreak(Exception):
    """What was ordered cannot be done; the message is one sentence that says why."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One endpoint's fault; `answers_left` is None when it lasts until somebody mends it."""

    how: How
    answers_left: int | None = None


def chosen(
    slug: str, *, channel: str | None = None, how: How | None = None, times: int | None = None
) -> tuple[Endpoint, ...]:
    """The endpoints that an order speaks of: of one service, all its channels or one.

    Of those only the ones that can fail in this way. Raises CannotBreak where none is left, and
    for orders that contradict themselves.
    """
    service = nation.service(slug)
    if service is None:
        raise CannotBreak(f"The demo nation has no service {slug!r}.")
    monitored = _kinds(service.endpoints)
    if channel is not None and channel not in monitored:
        raise CannotBreak(
            f"{slug} has no monitored channel {channel!r}; it has these: {', '.join(monitored)}."
        )
    if times is not None and times < 1:
        raise CannotBreak("--times is a number from 1 on.")
    if times is not None and how is How.REFUSED:
        raise CannotBreak(
            "A closed port sees nobody knock, so --times cannot be counted there:"
            " use another --how, or mend it yourself."
        )
    of_channel = [one for one in service.endpoints if channel in (None, one.channel)]
    able = [one for one in of_channel if how is None or _can(one, how)]
    if not able:
        kinds = _kinds(one for one in service.endpoints if how is None or _can(one, how))
        what = "speaks TLS" if how is not None and how.needs_tls else "is asked for a text"
        has = f"has these: {', '.join(kinds)}" if kinds else "has none"
        raise CannotBreak(f"--how {how} needs a channel that {what}; {slug} {has}.")
    return tuple(able)


class Faults:
    """The faults in force, kept in a file so that they outlive the process.

    Under the name of a network stands that it is cut: then everything in it refuses, whatever
    else is wrong with it, and goes on being wrong once the network is whole again.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._faults: dict[str, Fault] = {}
        if file.exists():
            known = {*_networks(), *map(str, Network)}
            for key, (how, answers_left) in json.loads(file.read_text(encoding="utf-8")).items():
                if key in known:
                    self._faults[key] = Fault(How(how), answers_left)

    def __getitem__(self, key: str) -> Fault | None:
        return Fault(How.REFUSED) if self._is_cut(key) else self._faults.get(key)

    def items(self) -> list[tuple[str, Fault]]:
        """Key and fault, in order of the keys."""
        return sorted(self._faults.items())

    def put(self, keys: Iterable[str], fault: Fault) -> None:
        """Break `keys`; a fault that was there before is forgotten."""
        self._faults |= dict.fromkeys(keys, fault)
        self._keep()

    def drop(self, keys: Iterable[str]) -> list[str]:
        """Mend `keys`; returns those that were broken."""
        mended = [key for key in keys if self._faults.pop(key, None) is not None]
        self._keep()
        return mended

    def strike(self, key: str, *, in_handshake: bool) -> How | None:
        """How this answer of `key` fails, or None. Each call is one answer that failed.

        A bad certificate fails the handshake, everything else what comes after it.
        """
        if self._is_cut(key):
            return None if in_handshake else How.REFUSED
        fault = self._faults.get(key)
        if fault is None or fault.how.needs_tls is not in_handshake:
            return None
        if fault.answers_left is not None:
            if fault.answers_left > 1:
                self._faults[key] = Fault(fault.how, fault.answers_left - 1)
            else:
                del self._faults[key]
            self._keep()
        return fault.how

    def _is_cut(self, key: str) -> bool:
        network = _networks().get(key)
        return network is not None and network in self._faults

    def _keep(self) -> None:
        plain = {key: [fault.how, fault.answers_left] for key, fault in self.items()}
        write_private(self._file, json.dumps(plain, indent=1))


@cache
def _networks() -> dict[str, str]:
    """In which network each endpoint is looked at, by its key."""
    everything = (*nation.endpoints(), *nation.references())
    return {endpoint.key: str(endpoint.network) for endpoint in everything}


def _can(endpoint: Endpoint, how: How) -> bool:
    if how.needs_tls:
        return endpoint.tls
    return how is not How.TEXT or endpoint.can_say_wrong


def _kinds(endpoints: Iterable[Endpoint]) -> list[str]:
    return list(dict.fromkeys(str(endpoint.channel) for endpoint in endpoints))
