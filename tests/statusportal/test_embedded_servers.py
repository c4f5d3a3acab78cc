"""The embedded PostgreSQL and Redis: real servers, started and killed."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from statusportal.embedded import folders, postgres, redis
from statusportal.embedded.child import Child, launch
from statusportal.embedded.processes import wait_until, working_in
from statusportal.embedded.refusal import CannotStart

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user's rights")


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path, which PostgreSQL's user may enter (pytest's own is closed)."""
    with tempfile.TemporaryDirectory(prefix="portal-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def running(child: Child, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    log = folder / f"{child.name}.log"
    with log.open("ab") as output:
        process = launch(child, output)
    try:
        assert child.ready is not None
        assert wait_until(child.ready, timeout_s=20), log.read_text()
        yield process
    finally:
        process.send_signal(child.stop_signal)
        process.wait(timeout=20)


def settled(var: Path, say: Callable[[str], None] = lambda sentence: None) -> postgres.Postgres:
    server = postgres.settle(var, durable=False, say=say)
    server.prepare()
    return server


def test_postgres_keeps_its_data_over_a_restart_and_listens_on_no_port(short: Path) -> None:
    server = settled(short)
    with running(server.child(), short):
        server.create_database()
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE word (text text)")
            connection.execute("INSERT INTO word VALUES ('نفاذ')")

    server = settled(short)
    with running(server.child(), short):
        server.create_database()  # harmless when it is there
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT text FROM word").fetchall() == [("نفاذ",)]
            shown = connection.execute("SHOW listen_addresses").fetchone()
            assert shown == ("",)
            provider = connection.execute(
                "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding)"
                " FROM pg_database WHERE datname = 'statusportal'"
            ).fetchone()
            assert provider == ("b", "C.UTF-8", "UTF8")


def test_a_real_run_is_durable_and_a_throw_away_one_is_not(short: Path) -> None:
    throw_away = settled(short)
    durable = postgres.settle(short)
    with running(throw_away.child(), short), psycopg.connect(_maintenance(throw_away)) as session:
        assert session.execute("SHOW fsync").fetchone() == ("off",)
    with running(durable.child(), short), psycopg.connect(_maintenance(durable)) as session:
        assert session.execute("SHOW fsync").fetchone() == ("on",)


def test_a_killed_server_leaves_a_pid_file_that_stops_no_start(short: Path) -> None:
    server = settled(short)
    with running(server.child(), short) as process:
        server.create_database()
        process.kill()
        process.wait()
    # The worst case: the pid is alive again, and somebody else's, of the same user.
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    with running_as(server.account) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        server = settled(short)

        with running(server.child(), short), psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None


def test_a_server_left_over_from_a_killed_run_is_stopped_before_the_next(short: Path) -> None:
    server = settled(short)
    with running(server.child(), short) as orphan:
        server.create_database()
        before = set(working_in(server.data))
        assert orphan.pid in before

        again = settled(short)

        assert orphan.wait(timeout=5) == 0
        with running(again.child(), short):
            assert before.isdisjoint(working_in(again.data))


def test_an_initialisation_that_was_killed_half_way_is_begun_anew(short: Path) -> None:
    server = postgres.settle(short, durable=False)
    half = server.data.with_name("data.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    server.prepare()

    assert not half.exists()
    assert (server.data / "global").is_dir()


def test_data_of_another_postgres_are_refused_in_one_sentence(short: Path) -> None:
    server = settled(short)
    (server.data / "PG_VERSION").write_text("15\n")

    with pytest.raises(CannotStart, match="was written by PostgreSQL 15, and this is 18"):
        settled(short)


def test_a_path_too_long_for_sockets_moves_the_sockets_and_nothing_else(short: Path) -> None:
    var = short / ("long-" * 20)
    folders.make_var(var)
    server = settled(var)
    cache = redis.settle(var)

    with ExitStack() as stack:
        stack.callback(_remove, server.sockets.parent)
        stack.enter_context(running(server.child(), short))
        stack.enter_context(running(cache.child(), short))
        server.create_database()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert redis_client.Redis.from_url(cache.url).ping()
        assert server.data.is_relative_to(var)
        assert not server.sockets.is_relative_to(short)
        assert stat_mode(server.sockets) == 0o700


@as_root
def test_as_root_postgres_runs_as_somebody_else_who_owns_its_data(short: Path) -> None:
    server = settled(short)
    assert server.account is not None
    assert server.account.uid != 0

    with running(server.child(), short) as process:
        status = Path(f"/proc/{process.pid}/status").read_text()

    uid = server.account.uid
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\n" in status
    assert "Groups:\t \n" in status or "Groups:\t\n" in status
    assert server.data.stat().st_uid == uid
    assert stat_mode(server.data) == 0o700


@as_root
def test_below_a_closed_folder_the_data_go_elsewhere_and_a_sentence_says_where(
    short: Path,
) -> None:
    closed = short / "home"
    closed.mkdir(mode=0o700)
    var = closed / "var"
    folders.make_var(var)
    said: list[str] = []

    server = settled(var, said.append)

    with ExitStack() as stack:
        stack.callback(_remove, server.data.parents[1])
        stack.callback(_remove, server.sockets.parent)
        with running(server.child(), short):
            server.create_database()
        (sentence,) = said
        assert sentence == (
            f"PostgreSQL runs as user nobody, who cannot enter {var}:"
            f" the database is kept in {server.data.parent}."
        )
        assert server.data.parent.parent.parent == Path("/var/tmp")
        assert stat_mode(closed) == 0o700
        assert settled(var).data == server.data


@as_root
def test_programs_below_a_closed_folder_are_copied_to_where_they_can_be_run(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = postgres.installed().parents[1]
    closed = short / "home"
    closed.mkdir(mode=0o700)
    # The programs look for their libraries beside their package.
    for source in (installed, installed.with_name(f"{installed.name}.libs")):
        shutil.copytree(source, closed / source.name, ignore=shutil.ignore_patterns("include"))
    programs = closed / installed.name / "pginstall18" / "bin"
    monkeypatch.setattr(postgres, "installed", lambda: programs)

    server = settled(short)

    with ExitStack() as stack:
        stack.callback(_remove, server.programs.parents[2])
        assert not server.programs.is_relative_to(short)
        with running(server.child(), short):
            server.create_database()
        assert stat_mode(closed) == 0o700


def test_a_link_that_somebody_else_made_in_tmp_under_our_name_is_not_followed(
    short: Path,
) -> None:
    usual = folders.outside(short, lasting=False)
    assert usual.parent == Path("/tmp")
    usual.rmdir()
    usual.symlink_to(short)

    with ExitStack() as stack:
        stack.callback(usual.unlink)
        other = folders.outside(short, lasting=False)
        stack.callback(other.rmdir)

        assert other == Path("/var/tmp") / usual.name


def test_redis_answers_on_its_socket_keeps_nothing_and_replaces_an_orphan(short: Path) -> None:
    server = redis.settle(short, databases=32)
    with running(server.child(), short) as orphan:
        client = redis_client.Redis.from_url(server.url_of(31))
        client.set("word", "x")
        client.close()

        server.clear_leftovers()
        assert orphan.wait(timeout=5) == 0

        with running(server.child(), short):
            assert redis_client.Redis.from_url(server.url_of(31)).get("word") is None
            assert not list(server.folder.iterdir())


@pytest.mark.parametrize("bad", ["file", "proc"])
def test_a_folder_that_cannot_be_written_is_refused_in_one_sentence(short: Path, bad: str) -> None:
    (short / "file").write_text("")
    var = {"file": short / "file" / "var", "proc": Path("/proc/var")}[bad]

    with pytest.raises(CannotStart, match=r"^The data folder .* cannot be written \(.*\): make"):
        folders.make_var(var)


def test_a_path_too_long_for_postgres_is_refused_in_one_sentence(short: Path) -> None:
    with pytest.raises(CannotStart, match=r"too long .* at most 900"):
        folders.make_var(short.joinpath(*["long" * 50] * 5))


@contextmanager
def running_as(account: folders.Account | None) -> Iterator[subprocess.Popen[bytes]]:
    child = Child("stranger", ("/bin/sleep", "600"), cwd=Path("/"), account=account)
    with open(os.devnull, "wb") as output:
        process = launch(child, output)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def stat_mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _maintenance(server: postgres.Postgres) -> str:
    return server.url.replace("/statusportal?", "/postgres?")


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
