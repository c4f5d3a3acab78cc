"""What a local run leaves for the next one and for other terminals."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from statusportal.embedded import state
from statusportal.embedded.refusal import CannotStart

ROOT = Path(__file__).resolve().parents[2]


def test_secrets_are_made_once_and_only_we_can_read_them(tmp_path: Path) -> None:
    first = state.keep_secrets(tmp_path)

    assert state.keep_secrets(tmp_path) == first
    assert len(first["SECRET_KEY"]) >= 50
    _can_encrypt_with(first["FIELD_ENCRYPTION_KEYS"])
    assert (tmp_path / "secrets.env").stat().st_mode & 0o777 == 0o600


def test_secrets_of_one_run_are_not_those_of_another(tmp_path: Path) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()

    here, there = (state.keep_secrets(tmp_path / name) for name in ("here", "there"))

    assert here["SECRET_KEY"] != there["SECRET_KEY"]
    assert here["FIELD_ENCRYPTION_KEYS"] != there["FIELD_ENCRYPTION_KEYS"]


def test_a_secret_that_is_missing_is_added_and_the_others_stay(tmp_path: Path) -> None:
    state.write_env(tmp_path / "secrets.env", {"SECRET_KEY": "kept"})

    kept = state.keep_secrets(tmp_path)

    assert kept["SECRET_KEY"] == "kept"
    _can_encrypt_with(kept["FIELD_ENCRYPTION_KEYS"])


@given(
    settings=st.dictionaries(
        st.from_regex(r"[A-Z][A-Z_]{0,9}", fullmatch=True),
        st.text(
            st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=30
        ),
        max_size=4,
    )
)
def test_whatever_a_setting_holds_it_is_read_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]
) -> None:
    file = tmp_path_factory.mktemp("env") / "portal.env"

    state.write_env(file, settings)

    assert state.read_env(file) == settings


def test_a_shell_reads_the_settings_as_we_do(tmp_path: Path) -> None:
    file = tmp_path / "portal.env"
    state.write_env(file, {"DATABASE_URL": "postgresql:///x?host=/a b&user=$HOME'\""})

    told = subprocess.run(
        ["/bin/sh", "-c", '. "$0"; printf %s "$DATABASE_URL"', str(file)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == "postgresql:///x?host=/a b&user=$HOME'\""


def test_only_one_portal_runs_in_a_folder(tmp_path: Path) -> None:
    assert not state.is_running(tmp_path)

    with state.take_lock(tmp_path):
        assert state.is_running(tmp_path)
        with pytest.raises(CannotStart, match=r"already runs in .*: stop it first"):
            state.take_lock(tmp_path)

    assert not state.is_running(tmp_path)


def test_a_portal_that_is_stopping_is_waited_for(tmp_path: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from statusportal.embedded import state
lock = state.take_lock(Path(sys.argv[1]))
state.write_lock(lock, state.STOPPING)
print("held", flush=True)
time.sleep(1.2)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        state.take_lock(tmp_path).close()

        assert holder.wait(timeout=5) == 0


RUNNING = {"DATABASE_URL": "postgresql:///statusportal?host=/s", "REDIS_URL": "unix:///r?db=0"}


def test_a_second_terminal_takes_over_the_settings_of_the_running_portal(tmp_path: Path) -> None:
    state.write_env(tmp_path / "portal.env", RUNNING)
    environ = {"VAR_DIR": str(tmp_path), "REDIS_URL": "redis://mine"}

    with state.take_lock(tmp_path):
        assert state.load_portal_env(environ)

    assert environ["DATABASE_URL"] == "postgresql:///statusportal?host=/s"
    assert environ["REDIS_URL"] == "redis://mine"


def test_the_settings_of_a_portal_that_no_longer_runs_are_left_alone(tmp_path: Path) -> None:
    state.write_env(tmp_path / "portal.env", RUNNING)
    environ = {"VAR_DIR": str(tmp_path)}

    assert not state.load_portal_env(environ)

    assert environ == {"VAR_DIR": str(tmp_path)}


def test_a_terminal_that_names_its_own_database_keeps_it(tmp_path: Path) -> None:
    state.write_env(tmp_path / "portal.env", RUNNING)
    environ = {"VAR_DIR": str(tmp_path), "DATABASE_URL": "postgresql://elsewhere/x"}

    with state.take_lock(tmp_path):
        assert not state.load_portal_env(environ)

    assert "REDIS_URL" not in environ


def _can_encrypt_with(key: str) -> None:
    box = Fernet(key)
    assert box.decrypt(box.encrypt(b"word")) == b"word"
