"""The portal's own processes: which there are, how they are called, in which order they stop."""

import http.client
import json
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from statusportal import pools

from .child import Child
from .state import BASE_DIR

# Stop order: who takes work first, then who does it, then what it is done on and with.
WEB_AND_BEAT, WORKERS, ENDPOINTS, REDIS, POSTGRES = range(1, 6)

# `migrate` has made Django's checks a moment before. Made again by each worker, they would load
# every page and form of the portal, which no worker shows.
CELERY = (sys.executable, "-m", "celery", "-A", "statusportal", "--skip-checks")


def processes(*, env: Mapping[str, str], var: Path, port: int, demo_endpoints: bool) -> list[Child]:
    """Every process of the portal but the servers it stands on."""
    parts = [web(env, port), beat(env, var)]
    parts += [worker(env, queue) for queue in pools.POOLS]
    if demo_endpoints:
        parts.append(endpoints(env, var))
    return parts


def endpoints(env: Mapping[str, str], var: Path) -> Child:
    """What the demo nation's checks probe."""
    return Child(
        "endpoints",
        manage("demo", "endpoints"),
        env=env,
        cwd=BASE_DIR,
        ready=listens(var / "demo" / "ports.json"),
        grace_s=3,
        stop_order=ENDPOINTS,
    )


def manage(*arguments: str) -> tuple[str, ...]:
    """The command line of a management command."""
    return (sys.executable, str(BASE_DIR / "manage.py"), *arguments)


def web(env: Mapping[str, str], port: int) -> Child:
    """Granian with two processes, on loopback only."""
    return Child(
        "web",
        (
            *(sys.executable, "-m", "granian", "statusportal.wsgi:application"),
            *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "2", "--no-ws", "--log-level", "warning"),
            # Granian leaves a dead worker dead unless told otherwise.
            "--respawn-failed-workers",
            # After SIGHUP: a new one can answer by then, and the old one goes, one after the other.
            *("--respawn-interval", "5"),
            # Beyond it readers wait in the kernel's queue; a request from memory is short.
            *("--backpressure", "256"),
            *("--workers-kill-timeout", "3"),
        ),
        env=env,
        cwd=BASE_DIR,
        ready=answers(port),
        grace_s=6,
        stop_order=WEB_AND_BEAT,
    )


def worker(env: Mapping[str, str], queue: str) -> Child:
    """A Celery worker that serves one queue, with as many processes as the settings say."""
    return Child(
        queue,
        (
            *(*CELERY, "worker"),
            *("-Q", queue, "-n", f"{queue}@%h", "--loglevel", "WARNING"),
            # Workers share nothing but the queues; hearing of each other is only traffic.
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ),
        env=env,
        cwd=BASE_DIR,
        grace_s=10,
        stop_order=WORKERS,
    )


def beat(env: Mapping[str, str], var: Path) -> Child:
    """Celery's clock."""
    return Child(
        "beat",
        (
            *(*CELERY, "beat"),
            *("--schedule", str(var / "beat" / "schedule"), "--pidfile", ""),
            *("--loglevel", "WARNING"),
        ),
        env=env,
        cwd=BASE_DIR,
        grace_s=3,
        stop_order=WEB_AND_BEAT,
    )


def listens(ports: Path) -> Callable[[], bool]:
    """A question to the endpoints: their control, of the file `ports`, listens after all others."""

    def ready() -> bool:
        try:
            control = json.loads(ports.read_text(encoding="utf-8"))["control"]
            with socket.create_connection(("127.0.0.1", control), timeout=5):
                return True
        except OSError:
            return False

    return ready


def answers(port: int) -> Callable[[], bool]:
    """A question to the web processes: can a public page be answered?"""

    def ready() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz", headers={"Host": f"localhost:{port}"})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready
