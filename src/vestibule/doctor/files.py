"""Checks of the files and folders: who else on this machine has them."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.ground.brand import Brand
from vestibule.ground.knobs import SettingsError

# Where container engines put secrets, and choose the mode themselves.
MOUNTED = Path("/run/secrets")


def _mode(path: Path) -> str:
    """Write the permissions of a file as chmod does."""
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def open_bits(path: Path) -> int:
    """Say what group and others may really do with a file or folder.

    Whoever cannot get through a folder above it has no use of its mode.
    """
    bits = path.stat().st_mode & 0o077
    for folder in path.absolute().parents:
        mode = folder.stat().st_mode
        bits &= 0o077 if mode & 0o001 else 0o070 if mode & 0o010 else 0
    return bits


def _is_lent(path: Path, installation: Installation) -> bool:
    """Tell whether somebody else has put a file here, and chose its mode.

    So do container engines and root; the process could not change it.
    """
    is_roots = path.stat().st_uid == 0 and installation.user != 0
    is_fixed = bool(installation.disk(path).f_flag & os.ST_RDONLY)
    return is_roots or is_fixed or MOUNTED in path.absolute().parents


def faults_of_file(
    path: Path, installation: Installation
) -> Iterator[Trouble]:
    """Look who besides its owner may read or change a secret file."""
    found, bits = path.stat(), open_bits(path)
    fix = f"chmod 600 {path}"
    if bits & 0o022:
        what = f"{path} can be changed by others (mode {_mode(path)})."
        yield Trouble(ERROR, what, fix)
    elif bits & 0o004:
        yield Trouble(
            WARNING if _is_lent(path, installation) else ERROR,
            f"{path} can be read by everybody on this machine "
            f"(mode {_mode(path)}).",
            fix,
        )
    # root:vestibule 0640 is how system services get their secrets.
    elif bits & 0o040 and found.st_uid != 0:
        what = f"{path} can be read by its group (mode {_mode(path)})."
        yield Trouble(NOTICE, what, fix)
    if found.st_uid not in (0, installation.user):
        yield Trouble(
            WARNING,
            f"{path} belongs to user {found.st_uid}, and this is user "
            f"{installation.user}.",
            f"chown {installation.user} {path}",
        )


@check(
    "files.env",
    ERROR,
    WARNING,
    NOTICE,
    fine="Nobody else can read or change the file of settings.",
    why="It holds the secret key and passwords; whoever may change it is in "
    "charge of the site.",
    fix="chmod 600 .env",
    when=When.START,
)
def env_is_private(installation: Installation) -> Iterator[Trouble]:
    """Look at the mode of ``.env``."""
    path = installation.settings.files.get(".env")
    if path is None:
        raise Skip("the settings come from no file")
    yield from faults_of_file(path, installation)


@check(
    "files.secrets",
    ERROR,
    WARNING,
    NOTICE,
    fine="Nobody else can read or change a file that holds a secret.",
    why="Every other program on this machine, and whoever breaks into one, "
    "could take the secret.",
    fix="chmod 600 FILE",
    when=When.START,
)
def secret_files_are_private(installation: Installation) -> Iterator[Trouble]:
    """Look at the files that settings like SECRET_KEY_FILE name."""
    found = [
        path
        for name, path in installation.settings.files.items()
        if name != ".env"
    ]
    kept = installation.settings.data_folder / "secret-key"
    if kept.exists():
        found.append(kept)
    if not found:
        raise Skip("no secret is kept in a file of its own")
    for path in found:
        yield from faults_of_file(path, installation)


@check(
    "files.data",
    ERROR,
    WARNING,
    fine="The data folder belongs to Vestibule, and nobody else gets in.",
    why="It holds e-mail addresses, password hashes and letters with links "
    "that open accounts.",
    fix="chmod 700 vestibule-data",
    when=When.START,
)
def data_is_private(installation: Installation) -> Iterator[Trouble]:
    """Look at the data folder and the database in it."""
    folder = installation.data_folder
    found, bits = folder.stat(), open_bits(folder)
    if bits & 0o002:
        yield Trouble(
            ERROR,
            f"{folder} can be changed by others (mode {_mode(folder)}).",
            f"chmod 700 {folder}",
        )
    # Kubernetes gives a volume to a group, and the process is in it.
    elif bits & 0o020:
        yield Trouble(
            WARNING,
            f"{folder} can be changed by group {found.st_gid} "
            f"(mode {_mode(folder)}).",
            f"chmod 700 {folder}",
        )
    elif bits & 0o005:
        yield Trouble(
            WARNING,
            f"{folder} is open to everybody on this machine "
            f"(mode {_mode(folder)}).",
            f"chmod 700 {folder}",
        )
    if found.st_uid != installation.user:
        yield Trouble(
            WARNING,
            f"{folder} belongs to user {found.st_uid}, and this is user "
            f"{installation.user}.",
            f"chown -R {installation.user} {folder}",
        )


@check(
    "files.database",
    ERROR,
    WARNING,
    NOTICE,
    fine="Nobody else can read or change the database file.",
    why="Who reads it has every address and hash; who changes it signs in "
    "as anybody.",
    fix="chmod 600 vestibule-data/vestibule.db*",
    when=When.START,
)
def database_file_is_private(installation: Installation) -> Iterator[Trouble]:
    """Look at the files of SQLite."""
    file = installation.database.file
    found = [file.with_name(file.name + end) for end in ("", "-wal", "-shm")]
    found = [path for path in found if path.exists()]
    if not found:
        raise Skip(f"there is no {file} yet")
    for path in found:
        yield from faults_of_file(path, installation)


@check(
    "files.pages",
    ERROR,
    fine="The templates and files of the pages can be read.",
    why="Without them every page is an error.",
    fix="pip install --force-reinstall --no-deps .",
)
def pages_are_readable(installation: Installation) -> Iterator[Trouble]:
    """Look for the files that came with the package."""
    doors = installation.package / "doors"
    for folder in (doors / "templates", doors / "static"):
        there = [path for path in folder.rglob("*") if path.is_file()]
        closed = [path for path in there if not os.access(path, os.R_OK)]
        if not there or closed:
            yield Trouble(
                ERROR, f"{(closed or [folder])[0]} is missing or unreadable."
            )


@check(
    "files.brand",
    ERROR,
    NOTICE,
    fine="The folder with your look is there, and its colours can be seen.",
    why="People with weak eyes, or in the sun, could not read the pages.",
    fix="VESTIBULE_BRAND=",
)
def brand_is_readable(installation: Installation) -> Iterator[Trouble]:
    """Read the operator's stylesheet and logo."""
    folder = installation.settings.brand.folder
    if not folder:
        raise Skip("the look is ours")
    try:
        faults = Brand.read(folder).faults()
    except (SettingsError, OSError) as error:
        yield Trouble(ERROR, str(error))
        return
    for fault in faults:
        yield Trouble(NOTICE, str(fault), f"edit {folder}/brand.css")
