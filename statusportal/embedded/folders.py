"""Where a local run keeps its things, and whether another user can reach them."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .refusal import CannotStart

# sockaddr_un.sun_path is 108 bytes with its closing zero (unix(7)).
LONGEST_SOCKET_PATH = 107

# PostgreSQL keeps paths in 1024 bytes and adds file names of its own below the data folder.
LONGEST_FOLDER_PATH = 900


@dataclass(frozen=True)
class Account:
    """A user of this machine under whose rights a server runs."""

    name: str
    uid: int
    gid: int


def unprivileged_account(*, owner_of: Path | None = None) -> Account | None:
    """The account that PostgreSQL runs under, or None when we are not root and it runs as us.

    PostgreSQL refuses root. The owner of `owner_of`, the data of an earlier run, stays their
    owner; else with sudo it is the person who called; else `nobody`. No account is ever added:
    initdb asks only that the uid has a name.
    """
    if os.geteuid() != 0:
        return None
    if owner_of is not None and owner_of.exists():
        facts = owner_of.stat()
        if facts.st_uid != 0:
            return Account(f"number {facts.st_uid}", facts.st_uid, facts.st_gid)
    sudo_uid = os.environ.get("SUDO_UID", "")
    wanted: list[int | str] = [int(sudo_uid)] if sudo_uid.isdigit() and sudo_uid != "0" else []
    for who in [*wanted, "nobody", "daemon"]:
        try:
            entry = pwd.getpwuid(who) if isinstance(who, int) else pwd.getpwnam(who)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise CannotStart(
        "PostgreSQL refuses to run as root, and this machine has no user `nobody` to run it under:"
        " start the portal as an ordinary user, or set DATABASE_URL."
    )


def can_reach(path: Path, account: Account | None) -> bool:
    """Whether `account` may enter the folder (or run the file) at `path`; None means ourselves."""
    if account is None:
        return os.access(path, os.X_OK)
    # Asked by a process of that user: mode bits alone know nothing of ACLs or of mount options.
    answer = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(path)],
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return answer.returncode == 0


def make_var(var: Path) -> None:
    """Create the folder of a local run, or say in one sentence why it cannot be used."""
    if len(os.fsencode(var)) > LONGEST_FOLDER_PATH:
        raise CannotStart(
            f"The path of the data folder is too long ({len(os.fsencode(var))} bytes, at most"
            f" {LONGEST_FOLDER_PATH}): set VAR_DIR to a shorter one."
        )
    try:
        if not var.exists():
            var.mkdir(parents=True)
            # PostgreSQL's user must be able to pass through; what is secret has its own modes.
            var.chmod(0o755)
        with tempfile.TemporaryFile(dir=var):
            pass
    except OSError as error:
        raise CannotStart(
            f"The data folder {shorten(var)} cannot be written ({error.strerror}):"
            " make it writable, or set VAR_DIR to another one."
        ) from None


def make_private(folder: Path, account: Account | None = None) -> None:
    """Create `folder` for one user alone, and hand it to `account` when one is given."""
    try:
        folder.mkdir(exist_ok=True)
        folder.chmod(0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    except OSError as error:
        raise CannotStart(
            f"{shorten(folder)} cannot be used ({error.strerror}); if an earlier run made it as"
            " another user, start as that user, or set VAR_DIR to another folder."
        ) from None


def outside(var: Path, *, lasting: bool, account: Account | None = None) -> Path:
    """A folder of ours outside `var` that `account` can reach: the same one at every start.

    `lasting` asks for one that survives a reboot.
    """
    name = f"statusportal-{os.geteuid()}-{_fingerprint(var)}"
    candidates = ["/var/tmp", tempfile.gettempdir(), "/tmp"]
    if not lasting:
        candidates = ["/tmp", tempfile.gettempdir(), "/var/tmp"]
    for parent in candidates:
        folder = Path(parent) / name
        try:
            folder.mkdir(mode=0o711, exist_ok=True)
            if not _is_ours(folder):
                continue
            folder.chmod(0o711)
        except OSError:
            continue
        if can_reach(folder, account):
            return folder
    raise CannotStart(
        f"No folder under {' or '.join(dict.fromkeys(candidates))} can be used beside"
        f" {shorten(var)}: set VAR_DIR to a short path that every user of this machine can reach."
    )


def socket_folder(var: Path, name: str, socket: str, account: Account | None = None) -> Path:
    """A private folder called `name`, owned by `account`, in which a socket called `socket` fits.

    Below `var` where that is short enough and can be reached, else in a temporary folder.
    """
    inside = var / "run"
    inside.mkdir(exist_ok=True)
    inside.chmod(0o755)
    folder = inside / name
    if socket_fits(folder / socket) and can_reach(inside, account):
        make_private(folder, account)
        return folder
    folder = outside(var, lasting=False, account=account) / name
    if not socket_fits(folder / socket):
        raise CannotStart(
            f"The path {shorten(folder / socket)} is too long for a socket (at most"
            f" {LONGEST_SOCKET_PATH} bytes): set VAR_DIR and TMPDIR to shorter paths."
        )
    make_private(folder, account)
    return folder


def socket_fits(path: Path) -> bool:
    """Whether a Unix socket can be bound at `path`."""
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def copy_reachable(package: Path, libraries: Path, into: Path) -> Path:
    """Copy a wheel's programs to where another user can run them; return the copied package.

    `libraries` is the wheel's folder of shared libraries, which the programs look for beside
    their package. Copied once: a finished copy carries its source's modification time.
    """
    target = into / package.name
    stamp = into / "copied-from"
    origin = f"{package} {package.stat().st_mtime_ns}"
    if not (stamp.exists() and stamp.read_text() == origin):
        for source in (package, libraries):
            shutil.rmtree(into / source.name, ignore_errors=True)
            if source.exists():
                ignore = shutil.ignore_patterns("include", "pgxs", "*.a", "__pycache__")
                shutil.copytree(source, into / source.name, symlinks=True, ignore=ignore)
                _open_for_reading(into / source.name)
        stamp.write_text(origin)
    return target


def shorten(path: Path, longest: int = 120) -> str:
    """A path as a sentence can bear it."""
    text = str(path)
    return text if len(text) <= longest else f"{text[:60]}…{text[-50:]}"


def _is_ours(folder: Path) -> bool:
    # /tmp is everybody's: somebody else may have made a folder, or a link, of our name first.
    facts = folder.lstat()
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()


def _open_for_reading(tree: Path) -> None:
    for folder, _folders, files in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder) / name
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
