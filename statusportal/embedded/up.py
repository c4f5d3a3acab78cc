"""`manage.py up`: make everything ready, run the whole portal, stop it as one.

Runs before Django is set up, because it decides what the settings will read.
"""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from statusportal.pools import POOLS

from . import portal, postgres, redis, state
from .folders import make_private, make_var, shorten
from .keeper import keep
from .refusal import CannotStart
from .supervisor import StopAsked, Supervisor

DEFAULT_PORT = 8000
SERVER_TIMEOUT_S = 60.0
WEB_TIMEOUT_S = 90.0
TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}

HELP = """usage: manage.py up

Run the whole portal: PostgreSQL, Redis, web, workers, beat and the demo's endpoints.

Environment:
  PORT            port on 127.0.0.1 (8000)
  VAR_DIR         data folder (var)
  DATABASE_URL, REDIS_URL
                  servers to use instead of its own; both given, it is not the demo
  PORTAL_DEMO     1 or 0, overrides that
  DEMO_ENDPOINTS  off: without the demo's endpoints
"""


@dataclass(frozen=True)
class Plan:
    """What this start will do, decided from the environment alone."""

    var: Path
    port: int
    demo: bool
    own_postgres: bool
    own_redis: bool
    demo_endpoints: bool


def main(argv: Sequence[str] = ()) -> int:
    """Run the portal until it is stopped; return the exit code of the process.

    0 after Ctrl-C, 1 with one sentence on standard error when it cannot start, 2 on wrong usage.
    """
    if any(argument in {"-h", "--help", "help"} for argument in argv):
        print(HELP, end="")
        return 0
    if argv:
        print(f"manage.py up takes no arguments, not {argv[0]!r}; see --help.", file=sys.stderr)
        return 2
    try:
        plan = plan_from(os.environ)
        make_var(plan.var)
        # Held by keeper and child alike, so it is free only when both are gone.
        with state.take_lock(plan.var) as lock:
            check_port(plan.port)
            return keep(lambda: run(plan, stopping=lambda: state.write_lock(lock, state.STOPPING)))
    except CannotStart as reason:
        _complain(reason)
        return 1
    except OSError as error:
        _complain(f"The portal cannot start: {error}.")
        return 1
    except KeyboardInterrupt:
        return 130


def plan_from(environ: Mapping[str, str]) -> Plan:
    """Decide what to run; raises CannotStart with a sentence for every wrong or missing setting."""
    given = {name for name in ("DATABASE_URL", "REDIS_URL") if environ.get(name)}
    demo = _switch(environ, "PORTAL_DEMO", default=not given)
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if name not in given]
    if not demo and missing:
        raise CannotStart(
            f"Outside the demo {' and '.join(missing)} must be set"
            " (PORTAL_DEMO=1 starts the demo with servers of its own)."
        )
    text = environ.get("PORT") or str(DEFAULT_PORT)
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return Plan(
        var=state.var_folder(environ),
        port=int(text),
        demo=demo,
        own_postgres="DATABASE_URL" in missing,
        own_redis="REDIS_URL" in missing,
        demo_endpoints=demo and _switch(environ, "DEMO_ENDPOINTS", default=True),
    )


def check_port(port: int) -> None:
    """Raise CannotStart unless 127.0.0.1 lets us listen on `port`."""
    with socket.socket() as probe:
        # Connections of the run before may still linger; a listener refuses us all the same.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise CannotStart(
                f"Port {port} needs privileges that you do not have: set PORT to one above 1023."
            ) from None
        except OSError:
            raise CannotStart(
                f"Port {port} is already taken: stop what uses it, or set PORT to another,"
                " as in `PORT=8010 make run`."
            ) from None


def run(plan: Plan, *, stopping: Callable[[], None]) -> int:
    """Set up, start, watch and stop everything; `stopping` is called before the stop begins."""
    log_folder = plan.var / "log"
    for folder in (log_folder, plan.var / "beat"):
        make_private(folder)
    began_at = time.monotonic()
    failure: Exception | None = None
    with Supervisor(log_folder=log_folder, say=_say) as supervisor:
        try:
            env = _bring_up(plan, supervisor)
            _greet(plan, env, seconds=time.monotonic() - began_at)
            supervisor.watch()
        except StopAsked:
            pass
        except (CannotStart, OSError) as reason:
            failure = reason
        stopping()
        if failure is None:
            _say("Stopping …")
        supervisor.stop()
    with suppress(OSError):
        (plan.var / state.PORTAL_ENV).unlink(missing_ok=True)
    if failure is not None:
        _complain(failure)
        return 1
    _say("Stopped.")
    return 0


def _bring_up(plan: Plan, supervisor: Supervisor) -> dict[str, str]:
    env = dict(os.environ)
    env |= {
        "DJANGO_SETTINGS_MODULE": env.get("DJANGO_SETTINGS_MODULE") or "statusportal.settings",
        "PORTAL_DEMO": "1" if plan.demo else "0",
        "VAR_DIR": str(plan.var),
        "PORT": str(plan.port),
        # Logs are read while the portal runs.
        "PYTHONUNBUFFERED": "1",
    }
    env.setdefault("PUBLIC_URL", f"http://localhost:{plan.port}")
    if plan.demo:
        env = state.keep_secrets(plan.var) | env
    if plan.own_postgres:
        with _step("PostgreSQL"):
            env["DATABASE_URL"] = start_postgres(plan, supervisor)
    if plan.own_redis:
        with _step("Redis"):
            env["REDIS_URL"] = _start_redis(plan, supervisor)
    if plan.demo:
        shared = (
            "DATABASE_URL REDIS_URL SECRET_KEY FIELD_ENCRYPTION_KEYS"
            " DJANGO_SETTINGS_MODULE PORTAL_DEMO VAR_DIR PORT PUBLIC_URL"
        )
        state.write_env(plan.var / state.PORTAL_ENV, {key: env[key] for key in shared.split()})

    def command(title: str, *arguments: str, aloud: bool = False) -> None:
        with _step(title):
            name = arguments[0] if arguments[0] != "demo" else "-".join(arguments)
            supervisor.run_step(
                name,
                portal.manage(*arguments),
                env=env,
                cwd=state.BASE_DIR,
                hear=(lambda line: _say(f"    {line}")) if aloud else None,
            )

    waiting = {
        child.name: child
        for child in portal.processes(
            env=env, var=plan.var, port=plan.port, demo_endpoints=plan.demo_endpoints
        )
    }
    tell_when_ready = [child.name for child in waiting.values() if child.ready is not None]

    def start(*wanted: str) -> None:
        for name in wanted:
            if name in waiting:
                supervisor.start(waiting.pop(name))

    if _catalogues_are_old(state.BASE_DIR / "locale"):
        command("Translations", "compile_messages")
    if plan.own_redis:
        # Its queues are empty and beat does not run: there is nothing to do before the tables are
        # there, but to read the programs, beside the steps below and not after them.
        start(*POOLS)
    command("Database tables", "migrate", "--noinput")
    if plan.demo:
        # Served from where they lie; WhiteNoise only warns of a folder that is not there.
        (plan.var / "static").mkdir(exist_ok=True)
        start("web")
        command("Demo nation", "demo", "seed", aloud=True)
    else:
        command("Static files", "collectstatic", "--noinput")
    with _step("Web, workers and beat"):
        start(*waiting)
        # Endpoints too: whoever is told that the portal runs may break one of them at once.
        _wait_for(tell_when_ready, supervisor)
    return env


def start_postgres(plan: Plan, supervisor: Supervisor) -> str:
    """Start the portal's own PostgreSQL with its database; its address for DATABASE_URL."""
    server = postgres.settle(plan.var, say=_say)
    server.prepare()
    supervisor.start(replace(server.child(), stop_order=portal.POSTGRES))
    supervisor.wait_until_ready("postgres", timeout_s=SERVER_TIMEOUT_S, must_live=True)
    server.create_database()
    return server.url


def _start_redis(plan: Plan, supervisor: Supervisor) -> str:
    server = redis.settle(plan.var)
    supervisor.start(replace(server.child(), stop_order=portal.REDIS))
    supervisor.wait_until_ready("redis", timeout_s=SERVER_TIMEOUT_S, must_live=True)
    return server.url


def _wait_for(names: Iterable[str], supervisor: Supervisor) -> None:
    """Until each of them says that it is ready."""
    for name in names:
        supervisor.wait_until_ready(name, timeout_s=WEB_TIMEOUT_S)


def _catalogues_are_old(folder: Path) -> bool:
    for source in folder.glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            return True
    return False


def _greet(plan: Plan, env: Mapping[str, str], *, seconds: float) -> None:
    _say("")
    _say(f"The portal runs at http://localhost:{plan.port} (started in {seconds:.1f} s).")
    logins = plan.var / "demo" / "logins.txt"
    if plan.demo and logins.exists():
        _say("")
        _say(logins.read_text().rstrip())
        _say("")
        _say("Each needs a code too: python manage.py demo code operator (or an app on a phone).")
    _say("")
    _say(f"Its logs are in {shorten(plan.var / 'log')}. Ctrl-C stops everything.")


@contextmanager
def _step(title: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    began_at = time.monotonic()
    _say(f"{title} …")
    yield
    _say(f"{title}: ready ({time.monotonic() - began_at:.1f} s)")


def _switch(environ: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text not in TRUE | FALSE:
        raise CannotStart(f"{name} must be 1 or 0 (on or off), not {text!r}.")
    return text in TRUE


def _say(sentence: str) -> None:
    # The terminal may be gone (a closed window, `| head`): the portal is stopped by signals only.
    with suppress(OSError):
        print(sentence, flush=True)


def _complain(reason: object) -> None:
    with suppress(OSError):
        print(reason, file=sys.stderr, flush=True)
