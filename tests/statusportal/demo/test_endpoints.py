"""The endpoints answer as their checks expect, and each fault is what it says: real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from core.net import Network, NetworkSettings
from services.probes.run import probe_all
from services.probes.target import Target
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from statusportal.demo import control, nation, plan
from statusportal.demo.endpoints import Nation, keep_calling
from statusportal.demo.nation import Endpoint
from statusportal.demo.plan import Plan, PlanError

AT = datetime(2026, 11, 22, tzinfo=UTC)


def endpoint(key: str) -> Endpoint:
    return next(one for one in plan.listening() if one.key == key)


async def probe(
    ready: Plan, *keys: str, timeout_s: float = 4.0, secrets: bool = True
) -> list[Observation]:
    """Ask these endpoints as a worker would."""
    targets = []
    for number, key in enumerate(keys):
        kind, spec = plan.check_of(endpoint(key), ready.ports[key])
        targets.append(
            Target(
                check_id=number,
                location_id=1,
                kind=kind,
                spec=spec,
                due_at=AT,
                timeout_s=timeout_s,
                slow_after_s=plan.SLOW_AFTER_S,
                secrets={"headers": plan.secrets_of(endpoint(key), ready) if secrets else {}},
            )
        )
    network = Network.from_settings(
        NetworkSettings(
            allowed=("127.0.0.0/8",), extra_ca_file=str(ready.folder / "ca.pem"), per_host=150
        )
    )
    return await probe_all(targets, network=network)


def reasons(observations: list[Observation]) -> list[Reason]:
    return [observation.reason for observation in observations]


@pytest.fixture
def during(ready: Plan) -> Iterator[Callable[..., Any]]:
    """Run a coroutine function while these endpoints are served; it gets the nation."""
    (ready.folder / "faults.json").unlink(missing_ok=True)

    def run(keys: list[str] | None, story: Callable[[Nation], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            served = Nation(ready, None if keys is None else [endpoint(key) for key in keys])
            try:
                await served.open()
                await asyncio.wait_for(story(served), 20)
            finally:
                served.close()

        asyncio.run(whole())

    yield run
    (ready.folder / "faults.json").unlink(missing_ok=True)


def test_every_endpoint_is_well_in_the_eyes_of_its_own_check(ready: Plan, during: Any):
    keys = [one.key for one in plan.listening()]
    assert len(keys) == 111

    async def story(_: Nation) -> None:
        # A few at once: all of them together are slow by themselves on a busy machine.
        seen = [one for n in range(0, 111, 10) for one in await probe(ready, *keys[n : n + 10])]
        assert {key: o.reason for key, o in zip(keys, seen, strict=True) if o.reason} == {}
        assert all(o.outcome is Outcome.OK for o in seen)

    during(None, story)


@pytest.mark.parametrize(
    ("how", "key", "reason"),
    [
        ("error", "pass-renew/web", Reason.SERVER_ERROR),
        ("error", "id-renew/kiosk", Reason.SERVER_ERROR),
        ("error", "gdn/api", Reason.CLOSED_EARLY),
        ("timeout", "pass-renew/app", Reason.NO_ANSWER),
        ("timeout", "gdn/api", Reason.NO_ANSWER),
        ("slow", "idn/web", Reason.SLOW),
        ("slow", "sms/api", Reason.SLOW),
        ("tls", "idn/app", Reason.TLS_EXPIRED),
        ("tls-name", "idn/web", Reason.TLS_WRONG_NAME),
        ("refused", "pay/web", Reason.REFUSED),
        ("refused", "tel/api", Reason.REFUSED),
        ("text", "tm-reg/web", Reason.TEXT_MISSING),
        ("text", "hc-appt/web", Reason.TEXT_MISSING),
        ("text", "hc-appt/app", Reason.VALUE_MISMATCH),
        ("text", "sms/api", Reason.TEXT_MISSING),
    ],
)
def test_a_fault_does_what_it_says_until_it_is_mended(
    ready: Plan, during: Any, how: str, key: str, reason: Reason
):
    slug, channel = key.split("/")
    # Long enough for what is only slow.
    timeout_s = 0.5 if how == "timeout" else 4.0

    async def story(served: Nation) -> None:
        await served.order({"act": "break", "slug": slug, "channel": channel, "how": how})
        assert reasons(await probe(ready, key, timeout_s=timeout_s)) == [reason]
        await served.order({"act": "mend", "slug": slug, "channel": channel})
        assert reasons(await probe(ready, key)) == [Reason.OK]

    during([key], story)


@pytest.mark.parametrize(
    ("how", "key", "reason"),
    [
        ("error", "pass-renew/web", Reason.SERVER_ERROR),
        ("tls", "pass-renew/web", Reason.TLS_EXPIRED),
        ("text", "gdn/api", Reason.TEXT_MISSING),
    ],
)
def test_a_fault_for_two_answers_mends_itself_after_the_second(
    ready: Plan, during: Any, how: str, key: str, reason: Reason
):
    slug = key.split("/")[0]

    async def story(served: Nation) -> None:
        await served.order({"act": "break", "slug": slug, "how": how, "times": 2})
        seen = [reasons(await probe(ready, key))[0] for _ in range(3)]
        assert seen == [reason, reason, Reason.OK]
        assert await served.order({"act": "list"}) == ["Nothing is broken."]

    during([key], story)


def test_each_endpoint_of_a_service_counts_its_own_answers(ready: Plan, during: Any):
    keys = ["pass-renew/web", "pass-renew/web/payment", "pass-renew/app"]

    async def story(served: Nation) -> None:
        await served.order({"act": "break", "slug": "pass-renew", "how": "error", "times": 1})
        assert reasons(await probe(ready, *keys)) == [Reason.SERVER_ERROR] * 3
        assert reasons(await probe(ready, *keys)) == [Reason.OK] * 3

    during(keys, story)


def test_one_channel_can_break_without_the_others(ready: Plan, during: Any):
    async def story(served: Nation) -> None:
        await served.order(
            {"act": "break", "slug": "pass-renew", "channel": "app", "how": "refused"}
        )
        seen = await probe(ready, "pass-renew/web", "pass-renew/app")
        assert reasons(seen) == [Reason.OK, Reason.REFUSED]

    during(["pass-renew/web", "pass-renew/app"], story)


def test_refusing_closes_the_port_and_lets_nobody_else_have_it(ready: Plan, during: Any):
    port = ready.ports["pay/web"]

    async def story(served: Nation) -> None:
        await served.order({"act": "break", "slug": "pay", "how": "refused"})
        with socket.socket() as caller:
            caller.settimeout(2)
            assert caller.connect_ex(("127.0.0.1", port)) != 0
        with socket.socket() as taker, pytest.raises(OSError, match="in use"):
            taker.bind(("127.0.0.1", port))

    during(["pay/web", "pay/api"], story)


def test_faults_are_still_there_when_the_endpoints_come_back(ready: Plan, during: Any):
    async def breaking(served: Nation) -> None:
        await served.order({"act": "break", "slug": "idn", "how": "refused"})

    async def coming_back(served: Nation) -> None:
        assert reasons(await probe(ready, "idn/web")) == [Reason.REFUSED]
        await served.order({"act": "mend", "slug": None})
        assert reasons(await probe(ready, "idn/web")) == [Reason.OK]

    during(["idn/web", "idn/app"], breaking)
    during(["idn/web", "idn/app"], coming_back)


INSIDE = ["gdn/api", "gdc/api", "cor/web", "gdx/api"]
OUTSIDE = ["idn/web", "pay/api", "tel/api"]
REFERENCES = {
    network: [f"reference-{network}-{number}/api" for number in (1, 2)]
    for network in ("internet", "government")
}


@pytest.mark.parametrize(
    ("network", "gone", "there"),
    [("government", INSIDE, OUTSIDE), ("internet", OUTSIDE, INSIDE)],
)
def test_a_cut_network_refuses_everywhere_with_what_watches_over_it(
    ready: Plan, during: Any, network: str, gone: list[str], there: list[str]
):
    other = "internet" if network == "government" else "government"
    gone, there = gone + REFERENCES[network], there + REFERENCES[other]

    async def cutting(served: Nation) -> None:
        await served.order({"act": "break", "slug": "gdn", "how": "text"})
        assert await served.order({"act": "cut", "network": network}) == [
            f"{network}: cut until mended"
        ]
        assert reasons(await probe(ready, *gone)) == [Reason.REFUSED] * len(gone)
        assert set(reasons(await probe(ready, *there))) <= {Reason.OK, Reason.TEXT_MISSING}

    async def after_a_restart(served: Nation) -> None:
        assert reasons(await probe(ready, *gone)) == [Reason.REFUSED] * len(gone)
        assert set(await served.order({"act": "list"})) == {
            "gdn/api: text until mended",
            f"{network}: cut until mended",
        }
        assert await served.order({"act": "mend", "slug": network}) == [f"{network}: mended"]
        # What was wrong beside the cut is still wrong.
        assert await served.order({"act": "list"}) == ["gdn/api: text until mended"]
        seen = dict(zip(gone, reasons(await probe(ready, *gone)), strict=True))
        assert {key for key, reason in seen.items() if reason} == ({"gdn/api"} & set(gone))
        assert await served.order({"act": "mend", "slug": None}) == ["gdn/api: mended"]
        assert set(reasons(await probe(ready, *gone, *there))) == {Reason.OK}

    keys = INSIDE + OUTSIDE + REFERENCES["internet"] + REFERENCES["government"]
    during(keys, cutting)
    during(keys, after_a_restart)


def test_without_the_key_the_payment_interface_is_closed(ready: Plan, during: Any):
    async def story(_: Nation) -> None:
        assert reasons(await probe(ready, "pay/api")) == [Reason.OK]
        [seen] = await probe(ready, "pay/api", secrets=False)
        assert seen.reason is Reason.UNEXPECTED_CODE
        assert "401" in seen.detail

    during(["pay/api"], story)


def test_orders_need_the_token_of_this_demo(ready: Plan, during: Any):
    stranger = Plan(ready.folder, ready.control_port, ready.ports, "not the token", "")

    async def story(served: Nation) -> None:
        order = {"act": "break", "slug": "idn", "how": "error"}
        with pytest.raises(control.NoControl, match="the token is wrong"):
            await asyncio.to_thread(control.ask, stranger, **order)
        assert served.faults.items() == []
        assert await asyncio.to_thread(control.ask, ready, **order) == [
            "idn/web: error until mended"
        ]

    during(["idn/web"], story)


def test_rubbish_on_the_control_port_harms_nobody(ready: Plan, during: Any):
    async def story(_: Nation) -> None:
        for rubbish in (b"\n", b"[1]\n", b"\xff\xfe\n", b'{"act": "break"}\n', b"{" * 70_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", ready.control_port)
            writer.write(rubbish)
            writer.write_eof()
            await reader.read()
            writer.close()
        assert await asyncio.to_thread(control.ask, ready, act="list") == ["Nothing is broken."]

    during(["idn/web"], story)


def test_mending_all_mends_cut_networks_too(ready: Plan, during: Any):
    async def story(served: Nation) -> None:
        for network in ("internet", "government"):
            await served.order({"act": "cut", "network": network})
        assert await served.order({"act": "mend", "slug": None}) == [
            "government: mended",
            "internet: mended",
        ]
        assert set(reasons(await probe(ready, *INSIDE, *OUTSIDE))) == {Reason.OK}

    during(INSIDE + OUTSIDE, story)


class Portal(BaseHTTPRequestHandler):
    calls: ClassVar[list[str]]

    def do_POST(self) -> None:
        self.calls.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def calls(settings: Any) -> Iterator[list[str]]:
    """What comes to the door of a portal that the demo's systems may call."""
    Portal.calls = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.HEARTBEAT_SELF_URL = f"http://127.0.0.1:{server.server_port}"
    yield Portal.calls
    server.shutdown()
    thread.join()
    server.server_close()


BATCH = next(one for one in nation.endpoints() if one.key == "wage-prot/web/batch")


def test_the_nightly_transfer_calls_the_portal_as_it_is_told(
    ready: Plan, during: Any, calls: list[str]
):
    plan.write_private(ready.token_file(BATCH), "t0ken")

    async def heard(served: Nation, *, of: int = 3) -> set[str]:
        """What comes in the time of so many calls."""
        calls.clear()
        caller = asyncio.create_task(keep_calling(BATCH, ready, served.faults, every_s=0.02))
        for _ in range(25):
            await asyncio.sleep(0.02)
            if len(calls) >= of:
                break
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        return set(calls)

    async def story(served: Nation) -> None:
        well, ill = "/api/heartbeats/t0ken/", "/api/heartbeats/t0ken/?status=fail"
        assert await heard(served) == {well}
        order = {"act": "break", "slug": "wage-prot", "channel": "web", "how": "error"}
        assert "wage-prot/web/batch: error until mended" in await served.order(order)
        assert await heard(served) == {ill}
        await served.order({**order, "how": "refused"})
        assert await heard(served) == set()
        await served.order({"act": "mend", "slug": "wage-prot"})
        assert await heard(served) == {well}
        await served.order({"act": "cut", "network": "internet"})
        assert await heard(served) == set()

    during(["wage-prot/web"], story)


def test_a_system_without_a_token_or_a_portal_keeps_trying_in_silence(
    ready: Plan, during: Any, settings: Any, caplog: pytest.LogCaptureFixture
):
    settings.HEARTBEAT_SELF_URL = "http://127.0.0.1:1"

    async def story(served: Nation) -> None:
        for there in (True, False):
            if there:
                plan.write_private(ready.token_file(BATCH), "t0ken")
            else:
                ready.token_file(BATCH).unlink()
            caller = asyncio.create_task(keep_calling(BATCH, ready, served.faults, every_s=0.01))
            await asyncio.sleep(0.1)
            assert not caller.done()
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)

    during([], story)
    assert caplog.records == []


def test_a_taken_port_is_named(ready: Plan):
    with socket.socket() as other:
        other.bind(("127.0.0.1", ready.ports["idn/web"]))
        other.listen()
        with pytest.raises(PlanError) as reason:
            Nation(ready, [endpoint("idn/app"), endpoint("idn/web")])
    assert str(reason.value) == (
        f"Port {ready.ports['idn/web']} of the demo's endpoints is taken by another program:"
        " stop that one."
    )


def test_a_first_run_takes_the_next_block_that_is_free(base_port: int):
    with socket.socket() as other:
        other.bind(("127.0.0.1", base_port + 503))
        other.listen()
        assert plan.free_block(base_port + 500, size=10) == base_port + 700


def test_ports_that_were_given_stay_and_new_endpoints_find_room():
    known = {"control": 100, "ports": {"a/web": 101, "gone/web": 102}}
    allotted = plan.allot(known, ["a/web", "b/web", "c/web"], 5)
    assert allotted == {
        "control": 100,
        "ports": {"a/web": 101, "gone/web": 102, "b/web": 103, "c/web": 104},
    }


def test_the_files_are_made_once_and_the_secret_ones_are_private(ready: Plan):
    before = {file.name: file.read_bytes() for file in ready.folder.iterdir()}
    assert plan.prepare(ready.folder, base=40_000) == ready
    assert {file.name: file.read_bytes() for file in ready.folder.iterdir()} == before
    for name in ("leaf.pem", "control-token", "api-key"):
        assert (ready.folder / name).stat().st_mode & 0o077 == 0


@pytest.fixture
def demo_folder(ready: Plan, tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = ready.folder.parent
    (ready.folder / "faults.json").unlink(missing_ok=True)
    return ready.folder


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_says_when_the_endpoints_do_not_run(demo_folder: Path):
    with pytest.raises(CommandError, match=r"^The demo's endpoints do not run \(.*`make run`"):
        said("break", "idn")


def test_the_command_refuses_outside_the_demo(settings: Any):
    settings.DEMO = False
    with pytest.raises(CommandError, match="only runs where PORTAL_DEMO is 1"):
        said("list")


def test_a_bad_port_base_is_one_sentence(monkeypatch: pytest.MonkeyPatch, demo_folder: Path):
    monkeypatch.setenv("DEMO_PORT_BASE", "many")
    with pytest.raises(CommandError, match="DEMO_PORT_BASE must be a whole number"):
        said("seed")


def test_the_command_wants_a_service_or_all(demo_folder: Path):
    with pytest.raises(CommandError, match="Say which service or network to mend, or --all"):
        said("mend")
    with pytest.raises(CommandError, match="has no service 'nothing'"):
        said("mend", "nothing")


def test_the_endpoints_run_as_a_process_obey_and_end_when_told(demo_folder: Path, ready: Plan):
    running = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "endpoints"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "VAR_DIR": str(demo_folder.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == (
            "111 endpoints of the demo nation answer on 127.0.0.1.\n"
        )
        assert said("break", "id-renew", "--channel", "kiosk", "--how", "timeout") == (
            "id-renew/kiosk: timeout until mended\n"
        )
        assert said("break", "gdn", "--times", "3") == "gdn/api: error for 3 answers\n"
        assert said("list") == (
            "gdn/api: error for 3 answers\nid-renew/kiosk: timeout until mended\n"
        )
        seen = asyncio.run(probe(ready, "id-renew/kiosk", timeout_s=0.5))
        assert reasons(seen) == [Reason.NO_ANSWER]
        assert said("mend", "--all") == "gdn/api: mended\nid-renew/kiosk: mended\n"
        assert said("mend", "gdn") == "Nothing was broken there.\n"
        assert said("cut", "government") == "government: cut until mended\n"
        assert reasons(asyncio.run(probe(ready, "gdn/api"))) == [Reason.REFUSED]
        assert said("mend", "government") == "government: mended\n"
        said("break", "sms", "--how", "timeout")
        with socket.create_connection(("127.0.0.1", ready.ports["sms/api"])):
            running.send_signal(signal.SIGTERM)
            out, err = running.communicate(timeout=10)
        assert (running.returncode, out, err) == (0, "", "")
    finally:
        running.kill()
        running.communicate()
