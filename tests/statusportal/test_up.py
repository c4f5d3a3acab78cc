"""`manage.py up`: what it decides, how it says no, how it runs and stops."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from statusportal.embedded import portal, state, up
from statusportal.embedded.child import Child
from statusportal.embedded.processes import working_in
from statusportal.embedded.refusal import CannotStart
from statusportal.embedded.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
VAR = Path("/somewhere/var")

SERVERS = {"DATABASE_URL": "postgresql://db/x", "REDIS_URL": "redis://cache/0"}
DEMO = up.Plan(
    var=VAR, port=8000, demo=True, own_postgres=True, own_redis=True, demo_endpoints=True
)


def plan(**environ: str) -> up.Plan:
    return up.plan_from({"VAR_DIR": str(VAR)} | environ)


def test_with_no_server_given_it_is_the_demo_on_servers_of_its_own() -> None:
    assert plan() == DEMO


def test_with_both_servers_given_it_is_not_the_demo() -> None:
    assert plan(**SERVERS) == up.Plan(
        var=VAR, port=8000, demo=False, own_postgres=False, own_redis=False, demo_endpoints=False
    )


def test_the_demo_can_run_on_given_servers() -> None:
    wanted = plan(**SERVERS, PORTAL_DEMO="1")

    assert (wanted.demo, wanted.own_postgres, wanted.own_redis) == (True, False, False)


def test_the_demo_starts_only_the_server_that_is_missing() -> None:
    wanted = plan(PORTAL_DEMO="1", DATABASE_URL="postgresql://db/x")

    assert (wanted.own_postgres, wanted.own_redis) == (False, True)


def test_the_endpoints_can_be_left_out() -> None:
    assert not plan(DEMO_ENDPOINTS="off").demo_endpoints


def test_an_empty_setting_counts_as_none() -> None:
    assert plan(DATABASE_URL="", REDIS_URL="", PORTAL_DEMO="", PORT="") == DEMO


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"PORTAL_DEMO": "0"}, "Outside the demo DATABASE_URL and REDIS_URL must be set"),
        ({"DATABASE_URL": "postgresql://db/x"}, "Outside the demo REDIS_URL must be set"),
        ({"REDIS_URL": "redis://cache/0"}, "Outside the demo DATABASE_URL must be set"),
        ({"PORTAL_DEMO": "maybe"}, "PORTAL_DEMO must be 1 or 0 (on or off), not 'maybe'."),
        ({"PORT": "http"}, "PORT must be a number from 1 to 65535, not 'http'."),
        ({"PORT": "70000"}, "PORT must be a number from 1 to 65535, not '70000'."),
        ({"PORT": "0"}, "PORT must be a number from 1 to 65535, not '0'."),
        ({"PORT": "٨٠"}, "PORT must be a number from 1 to 65535, not '٨٠'."),
    ],
)
def test_a_wrong_or_missing_setting_is_one_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(CannotStart) as refused:
        plan(**environ)

    assert str(refused.value).startswith(sentence)


def test_everything_stops_in_the_order_in_which_work_flows() -> None:
    parts = portal.processes(env={}, var=VAR, port=8000, demo_endpoints=True)

    assert {part.name: part.stop_order for part in parts} == {
        "web": 1,
        "beat": 1,
        "probes": 2,
        "control": 2,
        "deliveries": 2,
        "endpoints": 3,
    }
    assert (portal.REDIS, portal.POSTGRES) == (4, 5)


def test_the_web_is_on_loopback_alone() -> None:
    argv = portal.web({}, 8123).argv

    assert argv[argv.index("--host") + 1] == "127.0.0.1"
    assert argv[argv.index("--port") + 1] == "8123"


def test_without_endpoints_everything_else_runs() -> None:
    parts = portal.processes(env={}, var=VAR, port=8000, demo_endpoints=False)

    assert {part.name for part in parts} == {"web", "beat", "probes", "control", "deliveries"}


class Heard(Supervisor):
    """A supervisor that starts nothing and remembers what it was asked for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def start(self, child: Child) -> None:
        self.asked.append(child.name)

    def run_step(self, name: str, *_: object, **__: object) -> None:
        self.asked.append(f"manage.py {name}")

    def wait_until_ready(self, name: str, **_: object) -> None:
        self.asked.append(f"{name} is waited for")


def brought_up(wanted: up.Plan, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for start in ("start_postgres", "_start_redis"):
        monkeypatch.setattr(up, start, lambda _plan, _supervisor: "somewhere")
    monkeypatch.setattr(up, "_catalogues_are_old", lambda _folder: False)
    heard = Heard()
    up._bring_up(wanted, heard)
    return heard.asked


def test_what_needs_no_tables_is_read_into_memory_while_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert brought_up(replace(DEMO, var=tmp_path), monkeypatch) == [
        *("probes", "control", "deliveries"),
        "manage.py migrate",
        "web",
        "manage.py demo-seed",
        *("beat", "endpoints"),
        "web is waited for",
        "endpoints is waited for",
    ]


def test_on_a_redis_of_others_nobody_takes_work_before_there_are_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = up.plan_from({"VAR_DIR": str(tmp_path)} | SERVERS)

    assert brought_up(given, monkeypatch) == [
        "manage.py migrate",
        "manage.py collectstatic",
        *("web", "beat", "probes", "control", "deliveries"),
        "web is waited for",
    ]


# From here on: the real command, in a process of its own.


@pytest.fixture
def short() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="portal-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


def environment(**settings: str) -> dict[str, str]:
    """The caller's environment without the servers that the tests themselves run on."""
    ours = {"DATABASE_URL", "REDIS_URL", "PORTAL_DEMO", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}
    ours |= {"PUBLIC_URL", "PORT", "DEMO_ENDPOINTS"}
    kept = {key: value for key, value in os.environ.items() if key not in ours}
    return kept | {"PYTHONPATH": str(ROOT)} | settings


def refused(**settings: str) -> str:
    outcome = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "up"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    return outcome.stderr


def test_a_taken_port_is_one_sentence(short: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]

        said = refused(VAR_DIR=str(short / "var"), PORT=str(port))

    assert said == (
        f"Port {port} is already taken: stop what uses it, or set PORT to another,"
        " as in `PORT=8010 make run`.\n"
    )


def test_a_folder_that_cannot_be_written_is_one_sentence(short: Path) -> None:
    (short / "file").write_text("")

    said = refused(VAR_DIR=str(short / "file" / "var"), PORT=str(free_port()))

    assert said == (
        f"The data folder {short}/file/var cannot be written (Not a directory):"
        " make it writable, or set VAR_DIR to another one.\n"
    )


@pytest.mark.parametrize("name", ["x" * 300, "/".join(["x" * 200] * 6)])
def test_a_path_that_is_too_long_is_one_sentence(short: Path, name: str) -> None:
    said = refused(VAR_DIR=str(short / name), PORT=str(free_port()))

    assert said.count("\n") == 1
    assert "too long" in said
    assert "set VAR_DIR to" in said


def test_a_missing_setting_stops_the_command_with_its_name(short: Path) -> None:
    said = refused(VAR_DIR=str(short), DATABASE_URL="postgresql://db/x")

    assert said.startswith("Outside the demo REDIS_URL must be set")
    assert said.count("\n") == 1


# The portal's own code stands outside this test: a small web server, a worker that dawdles, and
# commands that leave a trace. PostgreSQL, Redis, keeper and supervisor are real.
SMALL_PORTAL = """
import sys
from pathlib import Path
from statusportal.embedded import portal, up
from statusportal.embedded.child import Child

WEB = '''
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
'''
COMMAND = '''
import os, sys
from pathlib import Path
trace = Path(os.environ["VAR_DIR"]) / "trace"
with trace.open("a") as written:
    print(*sys.argv[1:], os.environ["PORTAL_DEMO"], file=written)
if sys.argv[1:] == ["demo", "seed"]:
    (trace.parent / "demo").mkdir(exist_ok=True)
    (trace.parent / "demo" / "logins.txt").write_text("operator: a b c\\\\n")
    print("56 services", flush=True)
'''
TABLE = '''
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("CREATE TABLE IF NOT EXISTS start (id serial)")
    connection.execute("INSERT INTO start DEFAULT VALUES")
    print("starts:", connection.execute("SELECT count(*) FROM start").fetchone()[0], flush=True)
import time
time.sleep(600)
'''

def processes(*, env, var, port, demo_endpoints):
    return [
        Child("web", (sys.executable, "-c", WEB, str(port)), env=env,
              ready=portal.answers(port), stop_order=1),
        Child("worker", (sys.executable, "-c", TABLE), env=env, stop_order=2),
    ]

portal.manage = lambda *arguments: (sys.executable, "-c", COMMAND, *arguments)
portal.processes = processes
sys.exit(up.main(sys.argv[1:]))
"""


class Portal:
    """A small portal under the real `up`, in a process of its own."""

    def __init__(self, var: Path, port: int) -> None:
        self.var = var
        self.mark = str(uuid.uuid4())
        self.output = var.parent / f"output-{self.mark}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SMALL_PORTAL],
                env=environment(VAR_DIR=str(var), PORT=str(port), TEST_MARK=self.mark),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_for(self, sentence: str, *, seconds: float = 30) -> str:
        deadline = time.monotonic() + seconds
        while sentence not in self.output.read_text():
            assert time.monotonic() < deadline, self.output.read_text()
            assert self.process.poll() is None, self.output.read_text()
            time.sleep(0.05)
        return self.output.read_text()

    @property
    def redis_pid(self) -> int:
        (pid,) = working_in(self.var / "redis")
        return pid

    def log(self, name: str, holds: str, *, times: int = 1) -> str:
        file = self.var / "log" / f"{name}.log"
        deadline = time.monotonic() + 30
        while not (file.exists() and file.read_text().count(holds) >= times):
            assert time.monotonic() < deadline, file.read_text() if file.exists() else "no log"
            time.sleep(0.05)
        return file.read_text()

    def left(self, *, servers: bool = True) -> list[int]:
        """Processes with our mark, and whatever works in the servers' folders."""
        data = str(self.var / "postgres" / "data")
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                environ = Path(f"/proc/{entry}/environ").read_bytes()
                working = os.readlink(f"/proc/{entry}/cwd")
            except OSError:
                continue
            serves = working in {data, str(self.var / "redis")}
            if self.mark.encode() in environ or (servers and serves):
                found.append(int(entry))
        return found

    def end(self) -> None:
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)
        self.process.wait(timeout=10)


@pytest.fixture
def portals() -> Iterator[list[Portal]]:
    started: list[Portal] = []
    yield started
    for each in started:
        each.end()


def test_it_runs_stops_on_ctrl_c_and_keeps_its_data_for_the_second_start(
    short: Path, portals: list[Portal]
) -> None:
    var, port = short / "var", free_port()
    first = Portal(var, port)
    portals.append(first)

    said = first.wait_for("Ctrl-C stops everything.")

    assert f"The portal runs at http://localhost:{port} (started in " in said
    assert "operator: a b c" in said
    assert "    56 services" in said
    for step in ("PostgreSQL", "Redis", "Database tables", "Demo nation"):
        assert f"{step} …\n" in said
        assert f"{step}: ready (" in said
    assert first.log("worker", "starts: 1")
    commands = [line.split() for line in (var / "trace").read_text().splitlines()]
    assert commands[-2:] == [["migrate", "--noinput", "1"], ["demo", "seed", "1"]]
    told: dict[str, str] = {"VAR_DIR": str(var)}
    assert state.load_portal_env(told)
    assert told["PUBLIC_URL"] == f"http://localhost:{port}"
    assert {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"} <= set(told)
    assert len(first.left()) >= 6  # keeper, supervisor, web, worker, Redis, PostgreSQL's

    assert "already runs in" in refused(VAR_DIR=str(var), PORT=str(free_port()))

    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(timeout=20) == 0
    assert first.left() == []
    assert first.output.read_text().endswith("Stopping …\nStopped.\n")
    assert not (var / "portal.env").exists()
    assert "database system is shut down" in (var / "log" / "postgres.log").read_text()

    second = Portal(var, port)
    portals.append(second)
    second.wait_for("Ctrl-C stops everything.")
    assert second.log("worker", "starts: 2")
    os.killpg(second.process.pid, signal.SIGKILL)

    third = Portal(var, port)
    portals.append(third)
    third.wait_for("Ctrl-C stops everything.")
    assert third.log("worker", "starts: 3")
    assert second.left(servers=False) == []
    third.process.terminate()
    assert third.process.wait(timeout=20) == 0
    assert third.left() == []


def test_killed_servers_are_started_again_and_keep_what_was_committed(
    short: Path, portals: list[Portal]
) -> None:
    run = Portal(short / "var", free_port())
    portals.append(run)
    run.wait_for("Ctrl-C stops everything.")
    run.log("worker", "starts: 1")
    postmaster = int((run.var / "postgres" / "data" / "postmaster.pid").read_text().split()[0])

    told: dict[str, str] = {"VAR_DIR": str(run.var)}
    assert state.load_portal_env(told)

    for name, pid in (("postgres", postmaster), ("redis", run.redis_pid)):
        os.kill(pid, signal.SIGKILL)
        run.wait_for(f"{name} was killed (SIGKILL)")
    run.log("postgres", "automatic recovery in progress")
    run.log("postgres", "is ready to accept connections", times=2)

    with psycopg.connect(told["DATABASE_URL"]) as connection:
        assert connection.execute("SELECT count(*) FROM start").fetchone() == (1,)
    cache = redis.Redis.from_url(told["REDIS_URL"], retry=Retry(ConstantBackoff(0.1), 50))
    assert cache.ping()
    cache.close()
    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(timeout=20) == 0
    assert run.left() == []


def test_ctrl_c_in_the_middle_of_the_set_up_stops_it(short: Path, portals: list[Portal]) -> None:
    run = Portal(short / "var", free_port())
    portals.append(run)
    run.wait_for("PostgreSQL …")

    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(timeout=20) == 0
    assert run.left() == []
    assert "Traceback" not in run.output.read_text()


def test_readiness_is_a_200_and_nothing_else() -> None:
    port = free_port()
    assert not portal.answers(port)()

    code = (
        "import http.server as h, sys\n"
        "class P(h.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        answer = 200 if 'ready' in open(sys.argv[2]).read() else 503\n"
        "        self.send_response(answer); self.end_headers()\n"
        "h.HTTPServer(('127.0.0.1', int(sys.argv[1])), P).serve_forever()\n"
    )
    with tempfile.NamedTemporaryFile("w") as switch:
        server = subprocess.Popen(
            [sys.executable, "-c", code, str(port), switch.name], stderr=subprocess.DEVNULL
        )
        try:
            _wait_for_listener(port)
            assert not portal.answers(port)()
            switch.write("ready")
            switch.flush()
            assert portal.answers(port)()
        finally:
            server.kill()
            server.wait()


def _wait_for_listener(port: int) -> None:
    for _ in range(200):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.connect()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise AssertionError("the small web server did not start")
