"""The supervisor and the keeper, with real processes and real signals."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statusportal.embedded.child import Child, restart_delay
from statusportal.embedded.refusal import CannotStart
from statusportal.embedded.supervisor import Supervisor

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the promises about processes are Linux's"
)

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import os, sys
from pathlib import Path
from statusportal.embedded.child import Child
from statusportal.embedded.keeper import keep
from statusportal.embedded.supervisor import Supervisor

def child(name, order, code, grace_s=5):
    return Child(name, (sys.executable, "-c", code), stop_order=order, grace_s=grace_s)

def run():
    say = lambda sentence: print(sentence, flush=True)
    with Supervisor(log_folder=Path("."), say=say) as supervisor:
        for each in CHILDREN:
            supervisor.start(each)
        say(f"supervisor {os.getpid()}")
        supervisor.watch()
    say("all stopped")
    return 0

CHILDREN = [%s]
sys.exit(keep(run))
"""

# Says when it is ready and when it was told to stop, in the order in which that happened.
OBEDIENT = """
import os, signal, sys, time
def stop(number, frame):
    open('order', 'a').write(NAME + ' ')
    sys.exit()
signal.signal(signal.SIGTERM, stop)
open(NAME + '.pid', 'w').write(str(os.getpid()))
while True: time.sleep(60)
"""

# Ignores SIGTERM, and leaves its process group by a grandchild in a session of its own.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)'
subprocess.Popen([sys.executable, '-c', sleeper], start_new_session=True)
open(NAME + '.pid', 'w').write(str(os.getpid()))
time.sleep(600)
"""


def soon(happened: Callable[[], object], *, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return False


class Run:
    """A keeper and its supervisor in processes of their own, found again by a mark."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.folder = folder
        self.mark = f"TEST_RUN={uuid.uuid4()}"
        key, _, value = self.mark.partition("=")
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.keeper = subprocess.Popen(
                [sys.executable, "-c", RUN % ", ".join(children)],
                cwd=folder,
                env=os.environ | {key: value, "PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def supervisor_pid(self) -> int:
        found = re.search(r"^supervisor (\d+)$", self.said, re.MULTILINE)
        assert found, self.said
        return int(found[1])

    def pid_of(self, name: str) -> int:
        file = self.folder / f"{name}.pid"
        assert soon(lambda: file.exists() and file.read_text()), self.said
        return int(file.read_text())

    def left(self) -> list[int]:
        """Every living process of this run, whoever its parent is now."""
        found = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                environment = Path(f"/proc/{entry}/environ").read_bytes()
            except OSError:
                continue
            if self.mark.encode() in environment:
                found.append(int(entry))
        return found

    def end(self) -> None:
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)
        self.keeper.wait(timeout=10)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*children: str) -> Run:
        run = Run(tmp_path, *children)
        runs.append(run)
        assert soon(lambda: "supervisor " in run.said), run.said
        return run

    yield begin
    for run in runs:
        run.end()


def obedient(name: str, order: int = 0) -> str:
    code = OBEDIENT.replace("NAME", repr(name))
    return f"child({name!r}, {order}, {code!r})"


def stubborn(name: str, *, grace_s: float) -> str:
    code = STUBBORN.replace("NAME", repr(name))
    return f"child({name!r}, 0, {code!r}, {grace_s})"


def test_a_dead_child_is_started_again_and_a_line_says_so(start: Callable[..., Run]) -> None:
    run = start(obedient("web"))
    first = run.pid_of("web")
    (run.folder / "web.pid").unlink()

    os.kill(first, signal.SIGKILL)

    assert run.pid_of("web") != first
    assert "web was killed (SIGKILL) after 0 s; it is started again in 0.5 s" in run.said


def test_a_child_that_dies_young_has_its_last_lines_shown(start: Callable[..., Run]) -> None:
    run = start("child('broken', 0, 'import sys; sys.exit(\"no such table: words\")')")

    assert soon(lambda: "    no such table: words" in run.said), run.said
    assert "broken ended (code 1)" in run.said


def test_ctrl_c_stops_in_order_and_leaves_nothing(start: Callable[..., Run]) -> None:
    run = start(obedient("redis", 3), obedient("web", 1), obedient("worker", 2))
    for name in ("redis", "web", "worker"):
        run.pid_of(name)

    run.keeper.send_signal(signal.SIGINT)

    assert run.keeper.wait(timeout=10) == 0
    assert (run.folder / "order").read_text() == "web worker redis "
    assert run.left() == []
    assert "all stopped" in run.said


def test_a_child_that_will_not_stop_is_killed_after_its_grace_with_all_it_started(
    start: Callable[..., Run],
) -> None:
    run = start(stubborn("worker", grace_s=0.5))
    run.pid_of("worker")
    assert len(run.left()) == 4  # keeper, supervisor, child, grandchild

    run.keeper.send_signal(signal.SIGTERM)

    assert run.keeper.wait(timeout=10) == 0
    assert run.left() == []


def test_a_second_ctrl_c_hastens(start: Callable[..., Run]) -> None:
    run = start(stubborn("worker", grace_s=300), obedient("redis", 3))
    run.pid_of("worker")

    run.keeper.send_signal(signal.SIGINT)
    assert not soon(lambda: run.keeper.poll() is not None, seconds=0.7)
    run.keeper.send_signal(signal.SIGINT)

    assert run.keeper.wait(timeout=5) == 0
    assert run.left() == []


def test_a_frozen_child_is_stopped_too(start: Callable[..., Run]) -> None:
    run = start(obedient("postgres"))
    os.kill(run.pid_of("postgres"), signal.SIGSTOP)

    run.keeper.send_signal(signal.SIGINT)

    assert run.keeper.wait(timeout=10) == 0
    assert (run.folder / "order").read_text() == "postgres "
    assert run.left() == []


def test_nothing_is_left_when_the_supervisor_is_killed(start: Callable[..., Run]) -> None:
    run = start(obedient("web"), stubborn("worker", grace_s=300))
    run.pid_of("web")
    run.pid_of("worker")

    os.kill(run.supervisor_pid, signal.SIGKILL)

    assert run.keeper.wait(timeout=15) == 128 + signal.SIGKILL
    assert run.left() == []
    # It was asked before it was killed: by the kernel, because its parent died.
    assert (run.folder / "order").read_text() == "web "


def test_nothing_is_left_when_the_keeper_is_killed(start: Callable[..., Run]) -> None:
    run = start(obedient("web", 1), stubborn("worker", grace_s=0.5), obedient("redis", 3))
    for name in ("web", "worker", "redis"):
        run.pid_of(name)

    run.keeper.kill()

    assert soon(lambda: run.left() == []), run.left()
    assert (run.folder / "order").read_text() == "web redis "
    assert "all stopped" in run.said


def test_children_stop_when_keeper_and_supervisor_are_killed_at_once(
    start: Callable[..., Run],
) -> None:
    run = start(obedient("web"), obedient("redis"))
    run.pid_of("web")
    run.pid_of("redis")

    for pid in (run.keeper.pid, run.supervisor_pid):
        os.kill(pid, signal.SIGKILL)

    assert soon(lambda: run.left() == []), run.left()


def test_what_a_dead_child_started_is_ended_before_it_is_started_again(
    start: Callable[..., Run],
) -> None:
    run = start(stubborn("worker", grace_s=0.1))
    first = run.pid_of("worker")
    grandchildren = set(run.left()) - {run.keeper.pid, run.supervisor_pid, first}
    (run.folder / "worker.pid").unlink()

    os.kill(first, signal.SIGKILL)
    second = run.pid_of("worker")

    assert second != first
    assert len(grandchildren) == 1
    assert grandchildren.isdisjoint(run.left())


@pytest.mark.parametrize(
    ("last_delay_s", "lived_s", "delay_s"),
    [
        (0, 0.1, 0.5),
        (0.5, 0.1, 1),
        (1, 29, 2),
        (8, 1, 10),
        (10, 1, 10),
        (10, 30, 0.5),
    ],
)
def test_the_pause_doubles_to_ten_seconds_and_begins_anew_after_a_healthy_life(
    last_delay_s: float, lived_s: float, delay_s: float
) -> None:
    assert restart_delay(last_delay_s, lived_s) == delay_s


@given(lives=st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=30))
def test_whatever_lives_a_child_had_its_pause_stays_between_half_a_second_and_ten(
    lives: list[float],
) -> None:
    delay_s = 0.0
    for lived_s in lives:
        delay_s = restart_delay(delay_s, lived_s)
        assert 0.5 <= delay_s <= 10


def test_a_server_that_dies_while_it_is_waited_for_is_a_sentence(tmp_path: Path) -> None:
    dying = Child(
        "postgres", (sys.executable, "-c", "exit('wrong magic number')"), ready=lambda: False
    )
    with (
        Supervisor(log_folder=tmp_path, say=lambda sentence: None) as supervisor,
        pytest.raises(CannotStart, match=r"postgres did not start: wrong magic number \("),
    ):
        supervisor.start(dying)
        supervisor.wait_until_ready("postgres", timeout_s=20, must_live=True)


def test_a_step_that_fails_is_a_sentence_and_its_lines_are_heard(tmp_path: Path) -> None:
    heard: list[str] = []
    failing = (sys.executable, "-c", "print('one'); print('two'); exit('three is missing')")
    with (
        Supervisor(log_folder=tmp_path, say=lambda sentence: None) as supervisor,
        pytest.raises(CannotStart, match=r"migrate failed: (two|three is missing) \("),
    ):
        supervisor.run_step("migrate", failing, env=os.environ, cwd=tmp_path, hear=heard.append)

    assert {"one", "two", "three is missing"} == set(heard)
