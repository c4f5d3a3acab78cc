"""What one local run leaves in its data folder for the next one and for other terminals.

`secrets.env` lasts; `portal.env` says how to reach the run that holds `up.lock`.
"""

import base64
import fcntl
import os
import secrets
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from .folders import shorten
from .refusal import CannotStart

BASE_DIR = Path(__file__).resolve().parents[2]

LOCK = "up.lock"
PORTAL_ENV = "portal.env"
SECRETS_ENV = "secrets.env"

STOPPING = "stopping"
PATIENCE_S = 1.5
PATIENCE_WHILE_STOPPING_S = 30.0


def var_folder(environ: Mapping[str, str]) -> Path:
    """The data folder of a local run: `VAR_DIR`, or `var` in the checkout."""
    return Path(environ.get("VAR_DIR") or BASE_DIR / "var").absolute()


def load_portal_env(environ: dict[str, str] | None = None) -> bool:
    """Take over the settings of the portal that runs in `VAR_DIR`; return whether there is one.

    For commands in another terminal. Does nothing when `DATABASE_URL` says where to work; never
    overrides what is set. `environ` defaults to the process's own.
    """
    target = os.environ if environ is None else environ
    if target.get("DATABASE_URL"):
        return False
    var = var_folder(target)
    if not is_running(var):
        return False
    try:
        settings = read_env(var / PORTAL_ENV)
    except OSError:
        return False
    for key, value in settings.items():
        target.setdefault(key, value)
    return bool(settings)


def is_running(var: Path) -> bool:
    """Whether a portal runs in this folder."""
    try:
        with (var / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def take_lock(var: Path) -> IO[str]:
    """Become the one run in `var`; hold the returned file open for as long as it lasts.

    Waits for a run that says it is stopping. Raises CannotStart when there is another.
    """
    lock = (var / LOCK).open("a+")
    began_at = time.monotonic()
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            lock.seek(0)
            stopping = lock.read().strip() == STOPPING
            # A moment even without it: `is_running` in another terminal holds it for an instant.
            patience_s = PATIENCE_WHILE_STOPPING_S if stopping else PATIENCE_S
            if time.monotonic() - began_at > patience_s:
                lock.close()
                raise CannotStart(
                    f"The portal already runs in {shorten(var)}: stop it first,"
                    " or set VAR_DIR (and PORT) to run another."
                ) from None
            time.sleep(0.1)
    write_lock(lock, "")
    return lock


def write_lock(lock: IO[str], word: str) -> None:
    """Tell a run that waits for the lock what the holder is doing."""
    lock.truncate(0)
    lock.write(word)
    lock.flush()


def keep_secrets(var: Path) -> dict[str, str]:
    """The keys of the run in `var`: made on its first start, the same ever after."""
    file = var / SECRETS_ENV
    kept = read_env(file) if file.exists() else {}
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(50),
        # A Fernet key: 32 random bytes in URL-safe base64.
        "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    }
    if any(key not in kept for key in fresh):
        kept = fresh | kept
        write_env(file, kept)
    return kept


def read_env(file: Path) -> dict[str, str]:
    """The settings in a file of KEY=VALUE lines, quoted as a shell would."""
    settings = {}
    for line in file.read_text().splitlines():
        for word in shlex.split(line, comments=True):
            key, separator, value = word.partition("=")
            if separator:
                settings[key] = value
    return settings


def write_env(file: Path, settings: Mapping[str, str]) -> None:
    """Write settings that only we may read, and that a shell can source; whole or not at all."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as written:
        for key, value in sorted(settings.items()):
            written.write(f"{key}={shlex.quote(value)}\n")
        written.flush()
        os.fsync(written.fileno())
    fresh.replace(file)
