"""Start, watch, restart and stop the portal's processes as one.

One thread, no polling faster than it must: it sleeps in `select` until a child dies, a signal
comes or something falls due. Children run in sessions of their own, so that Ctrl-C reaches only
the supervisor, which then stops them in order.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from .child import Child, launch, restart_delay
from .processes import (
    adopt_orphans,
    children,
    end_every_child,
    signal_group_quietly,
    signal_quietly,
)
from .refusal import CannotStart

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
YOUNG_S = 5.0
LONGEST_SLEEP_S = 1.0
HASTY_GRACE_S = 1.0

Say = Callable[[str], None]


class StopAsked(Exception):
    """Somebody pressed Ctrl-C (or sent SIGTERM or SIGHUP) while something was waited for."""


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_s: float = 0.0
    due_at: float = 0.0
    log_from: int = 0


class Supervisor:
    """The parent of everything that runs. Use it as a context manager; leaving it stops all."""

    def __init__(self, *, log_folder: Path, say: Say) -> None:
        self._log_folder = log_folder
        self._say = say
        self._running: dict[str, _Running] = {}
        self._step: subprocess.Popen[bytes] | None = None
        self._stops_asked = 0
        self._stopping = False
        self._previous_handlers: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        adopt_orphans()
        # Whoever runs us may have children of its own; they are none of our business.
        self._others = frozenset(children())
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._previous_wakeup = signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for which in STOP_SIGNALS:
            self._previous_handlers[which] = signal.signal(which, self._on_stop_signal)
        # Does nothing by itself; without a handler the wake-up pipe would hear nothing.
        self._previous_handlers[signal.SIGCHLD] = signal.signal(
            signal.SIGCHLD, lambda number, frame: None
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        for which, handler in self._previous_handlers.items():
            signal.signal(which, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._previous_wakeup)
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    @property
    def stop_asked(self) -> bool:
        """Whether somebody asked us to stop."""
        return self._stops_asked > 0

    def start(self, child: Child) -> None:
        """Start a child and keep it running from now on. Its output goes to `<name>.log`."""
        log = self._log_of(child.name)
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        running = self._running[child.name] = _Running(child)
        self._launch(running)

    def wait_until_ready(self, name: str, *, timeout_s: float, must_live: bool = False) -> None:
        """Wait until the child's `ready` says so.

        Raises CannotStart when it takes longer than `timeout_s`, or, with `must_live`, when the
        child dies meanwhile; StopAsked when somebody asks us to stop.
        """
        running = self._running[name]
        ready = running.child.ready
        first = running.process
        deadline = time.monotonic() + timeout_s
        while ready is not None and not ready():
            died = running.process is None or running.process is not first
            if time.monotonic() > deadline or (must_live and died):
                # Not started again while we explain.
                self._stopping = True
                verb = "did not start" if died else f"is not ready after {timeout_s:.0f} s"
                raise CannotStart(f"{name} {verb}: {self._last_words(running)}")
            self._turn(0.05)
            self._raise_if_asked()

    def run_step(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        hear: Say | None = None,
    ) -> None:
        """Run one command to its end, watching the children meanwhile.

        `hear` gets each line of its output as it comes. Raises CannotStart with its last line
        when it fails, StopAsked when somebody asks us to stop.
        """
        log = self._log_of(name)
        with log.open("wb") as output, log.open("r", errors="replace") as heard:
            self._step = launch(Child(name, tuple(argv), env=env, cwd=cwd), output)
            while self._step.poll() is None:
                self._turn(0.2)
                self._raise_if_asked()
                if hear:
                    _read_lines(heard, hear)
            if hear:
                _read_lines(heard, hear)
        code, self._step = self._step.returncode, None
        if code != 0:
            last = _last_lines(log, 1) or ["it said nothing"]
            raise CannotStart(f"{name} failed: {last[0].strip()} (all of it: {log})")

    def watch(self) -> None:
        """Keep everything running until somebody asks us to stop."""
        while not self.stop_asked:
            self._turn(LONGEST_SLEEP_S)

    def stop(self) -> None:
        """Stop everything in order; nothing is left when this returns. Harmless when repeated.

        A second Ctrl-C hastens: what still runs is killed, what follows gets a second.
        """
        self._stopping = True
        if self._step is not None:
            self._end(_Running(Child("step", (), grace_s=2), self._step))
            self._step = None
        in_order = sorted(self._running.values(), key=lambda running: running.child.stop_order)
        for _order, together in groupby(in_order, key=lambda running: running.child.stop_order):
            self._end(*together)
        self._running.clear()
        end_every_child(keep=self._others)

    def _end(self, *group: _Running) -> None:
        alive = [running for running in group if running.process is not None]
        for running in alive:
            assert running.process is not None
            signal_quietly(running.process.pid, running.child.stop_signal)
            # A frozen process (SIGSTOP) would never hear it.
            signal_group_quietly(running.process.pid, signal.SIGCONT)
        asked_before = self._stops_asked
        began_at = time.monotonic()
        hasty = asked_before > 1
        while alive:
            self._turn(0.2)
            waited_s = time.monotonic() - began_at
            for running in list(alive):
                if running.process is None or running.process.poll() is not None:
                    if running.process is not None:
                        signal_group_quietly(running.process.pid, signal.SIGKILL)
                    alive.remove(running)
                    continue
                grace_s = HASTY_GRACE_S if hasty else running.child.grace_s
                if waited_s > grace_s or self._stops_asked > max(asked_before, 1):
                    signal_group_quietly(running.process.pid, signal.SIGKILL)

    def _turn(self, longest_s: float) -> None:
        """Sleep until something happens, at most `longest_s`; then notice deaths, restart."""
        readable, _, _ = select.select([self._wake_reader], [], [], self._sleep_s(longest_s))
        if readable:
            with suppress(BlockingIOError):
                while os.read(self._wake_reader, 512):
                    pass
        for running in self._running.values():
            if running.process is not None and running.process.poll() is not None:
                self._on_death(running)
        self._end_strays()
        if not self._stopping and not self.stop_asked:
            now = time.monotonic()
            for running in self._running.values():
                if running.process is None and running.due_at <= now:
                    self._launch_again(running)

    def _sleep_s(self, longest_s: float) -> float:
        waiting = [
            running.due_at - time.monotonic()
            for running in self._running.values()
            if running.process is None and not self._stopping
        ]
        return max(0.0, min([longest_s, *waiting]))

    def _on_death(self, running: _Running) -> None:
        process, name = running.process, running.child.name
        assert process is not None
        running.process = None
        # Its own children must not outlive it: they would hold its port, socket or queue.
        signal_group_quietly(process.pid, signal.SIGKILL)
        if self._stopping or self.stop_asked:
            return
        lived_s = time.monotonic() - running.started_at
        running.delay_s = restart_delay(running.delay_s, lived_s)
        running.due_at = time.monotonic() + running.delay_s
        self._say(
            f"{name} {_ending(process.returncode)} after {lived_s:.0f} s;"
            f" it is started again in {running.delay_s:g} s"
        )
        if lived_s < YOUNG_S:
            for line in _last_lines(self._log_of(name), 8, since=running.log_from):
                self._say(f"    {line}")

    def _end_strays(self) -> None:
        """Kill what our dead children left to us, and nothing that still has its own parent."""
        ours = {running.process.pid for running in self._running.values() if running.process}
        ours |= self._others
        if self._step is not None:
            ours.add(self._step.pid)
        if any(pid not in ours for pid in children()):
            end_every_child(keep=frozenset(ours))

    def _launch_again(self, running: _Running) -> None:
        try:
            self._launch(running)
        except (CannotStart, OSError, subprocess.SubprocessError) as error:
            # The others go on; whoever mended the cause need not restart them too.
            running.delay_s = restart_delay(running.delay_s, 0)
            running.due_at = time.monotonic() + running.delay_s
            self._say(f"{running.child.name} cannot be started again yet: {error}")

    def _launch(self, running: _Running) -> None:
        child = running.child
        if child.before_start is not None:
            child.before_start()
        log = self._log_of(child.name)
        with log.open("ab") as output:
            running.log_from = output.tell()
            running.process = launch(child, output)
        running.started_at = time.monotonic()

    def _last_words(self, running: _Running) -> str:
        log = self._log_of(running.child.name)
        last = _last_lines(log, 1, since=running.log_from)
        return f"{last[0].strip() if last else 'it said nothing'} (all of it: {log})"

    def _log_of(self, name: str) -> Path:
        return self._log_folder / f"{name}.log"

    def _on_stop_signal(self, number: int, frame: FrameType | None) -> None:
        self._stops_asked += 1

    def _raise_if_asked(self) -> None:
        if self.stop_asked:
            raise StopAsked


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended (code {code})"
    try:
        return f"was killed ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed (signal {-code})"


def _last_lines(log: Path, count: int, *, since: int = 0) -> list[str]:
    try:
        with log.open("rb") as written:
            written.seek(since)
            text = written.read().decode(errors="replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]


def _read_lines(heard: IO[str], hear: Say) -> None:
    while True:
        at = heard.tell()
        line = heard.readline()
        if not line.endswith("\n"):
            # Half a line: it is read again when the rest has come.
            heard.seek(at)
            return
        hear(line.rstrip("\n"))
