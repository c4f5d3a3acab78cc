"""`manage.py demo …`: make the demo nation, serve its endpoints, break and mend them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core import env
from services.labels import Network
from statusportal.demo import control, endpoints, faults, history, people, plan, seed
from statusportal.demo.faults import CannotBreak, How


class Command(BaseCommand):
    """For operators' terminals, in English alone. Refuses outside the demo."""

    help = "The demo nation: seed, endpoints, break, cut, mend, list, code."
    # `endpoints` has to start without a database, and `break` to be quick.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One sub-command each; see `--help` of the sub-command."""
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("seed", help="fill an empty catalogue with the demo nation")
        acts.add_parser("endpoints", help="serve its endpoints on loopback until Ctrl-C")

        breaking = acts.add_parser("break", help="let channels of a service fail")
        breaking.add_argument("slug")
        breaking.add_argument("--channel", help="only this one, for example web, app, kiosk")
        breaking.add_argument("--times", type=int, help="only the next answers, so many of them")
        breaking.add_argument("--how", choices=[how.value for how in How], default=How.ERROR.value)

        cutting = acts.add_parser("cut", help="cut a whole network, with what watches over it")
        cutting.add_argument("network", choices=[str(network) for network in Network])

        mending = acts.add_parser("mend", help="let them work again")
        mending.add_argument("slug", nargs="?", help="of a service, or the name of a network")
        mending.add_argument("--channel", help="only this one")
        mending.add_argument("--all", action="store_true", dest="everything")

        listing = acts.add_parser("list", help="what is broken")
        listing.add_argument(
            "--endpoints", action="store_true", dest="where", help="where each endpoint listens"
        )

        code = acts.add_parser("code", help="the code that somebody's second factor gives now")
        code.add_argument("username")

    def handle(self, *args: Any, act: str, **options: Any) -> None:
        """Do one act. Raises CommandError with one sentence (exit code 1)."""
        if not settings.DEMO:
            raise CommandError("This is not a demo: `demo` only runs where PORTAL_DEMO is 1.")
        acts: dict[str, Callable[..., None]] = {
            "seed": self._seed,
            "endpoints": self._endpoints,
            "break": self._break,
            "cut": self._cut,
            "mend": self._mend,
            "list": self._list,
            "code": self._code,
        }
        try:
            acts[act](**options)
        except (
            ImproperlyConfigured,
            plan.PlanError,
            CannotBreak,
            control.NoControl,
            people.NoFactor,
        ) as reason:
            raise CommandError(str(reason)) from None

    def _seed(self, **_: Any) -> None:
        base = env.number("DEMO_PORT_BASE", plan.DEFAULT_BASE, at_least=1024)
        seeded = seed.seed(now=timezone.now(), folder=_folder(), base_port=base)
        if not seeded.services:
            what = "nothing was changed"
            if seeded.added:
                what = f"{seeded.added} rows that the demo had not yet were added"
            self.stdout.write(f"The catalogue has services already; {what}.")
            return
        self.stdout.write(
            f"The demo nation is there: {seeded.services} services, {seeded.checks} checks,"
            f" {seeded.changes} changes of state in {history.DAYS} days."
        )

    def _endpoints(self, **_: Any) -> None:
        ready = plan.load(_folder())

        async def serve_until_told() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, stop.set)
            await endpoints.serve(ready, stop, say=self._say)

        asyncio.run(serve_until_told())

    def _break(
        self, *, slug: str, channel: str | None, times: int | None, how: str, **_: Any
    ) -> None:
        # Before anybody is asked, so that a mistake is named also while nothing runs.
        faults.chosen(slug, channel=channel, how=How(how), times=times)
        self._order(act="break", slug=slug, channel=channel, how=how, times=times)

    def _cut(self, *, network: str, **_: Any) -> None:
        self._order(act="cut", network=network)

    def _mend(self, *, slug: str | None, channel: str | None, everything: bool, **_: Any) -> None:
        if (slug is None) is not everything or (channel and everything):
            raise CommandError("Say which service or network to mend, or --all.")
        if slug is not None and slug not in set(Network):
            faults.chosen(slug, channel=channel)
        self._order(act="mend", slug=slug, channel=channel)

    def _list(self, *, where: bool, **_: Any) -> None:
        if not where:
            self._order(act="list")
            return
        ready = plan.load(_folder())
        for endpoint in plan.listening():
            _kind, spec = plan.check_of(endpoint, ready.port(endpoint))
            self.stdout.write(
                f"{endpoint.key}  {spec.get('url') or spec['host']}:{spec.get('port', '')}"
            )

    def _code(self, *, username: str, **_: Any) -> None:
        self.stdout.write(people.code_of(username))

    def _order(self, **order: Any) -> None:
        for sentence in control.ask(plan.load(_folder()), **order):
            self.stdout.write(sentence)

    def _say(self, sentence: str) -> None:
        # At once: a supervisor may be reading the other end of a pipe.
        self.stdout.write(sentence)
        self.stdout.flush()


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "demo"
