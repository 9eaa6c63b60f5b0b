"""Checks of an SQLite file: whether a commit survives, whether it is whole."""

from collections.abc import Iterator

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.doctor.reader import Silent, said
from vestibule.engine import open_engine, reading

# Where locks and shared memory do not reach other machines, or lie.
FAR = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "lustre", "davfs",
}  # fmt: skip
VOLATILE = {"tmpfs", "ramfs"}
# Bytes up to which a file is read whole.
SMALL = 256 * 2**20


@check(
    "database.journal",
    WARNING,
    fine="SQLite writes ahead, so readers and the writer do not wait.",
    why="Vestibule chooses this mode at every start. Where it does not "
    "last, the file system cannot do it, or another program undoes it.",
    fix="sqlite3 vestibule-data/vestibule.db 'PRAGMA journal_mode=WAL'",
)
def writes_ahead(installation: Installation) -> Iterator[Trouble]:
    """Look at the mode that the file is in."""
    _ = installation.database.file
    mode = str(installation.database.value("PRAGMA journal_mode"))
    if mode != "wal":
        yield Trouble(WARNING, f"The journal mode is {mode}, not wal.")


@check(
    "database.synchronous",
    ERROR,
    fine="A commit in SQLite waits until it is on the disk.",
    why="Otherwise a power cut takes the last changes back: a password, a "
    "revoked session.",
    fix="pip install --force-reinstall --no-deps .",
)
def waits_for_disk(installation: Installation) -> Iterator[Trouble]:
    """Look at what Vestibule's own connections do."""
    _ = installation.database.file
    # Opening it as Vestibule does would change a file in another mode.
    if installation.database.value("PRAGMA journal_mode") != "wal":
        raise Skip("the file is not as Vestibule leaves it")
    engine = open_engine(installation.settings)
    try:
        with reading(engine).connect() as connection:
            found = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    finally:
        engine.dispose()
    if found is None or int(found) < 2:
        yield Trouble(ERROR, f"PRAGMA synchronous is {found}, not 2 (FULL).")


@check(
    "database.file_system",
    ERROR,
    WARNING,
    NOTICE,
    fine="The SQLite file lies on a disk of this machine.",
    why="Network file systems do not keep SQLite's promises: two machines "
    "that write corrupt the file. What lies in memory is gone at a restart.",
    fix="VESTIBULE_DATA=/srv/vestibule",
    when=When.START,
)
def lies_on_a_disk(installation: Installation) -> Iterator[Trouble]:
    """Look at the kind of file system below the file."""
    found = installation.database.file.absolute().parent
    if not installation.mounts.exists():
        raise Skip("this system does not list its mounts")
    kinds: dict[str, str] = {}
    for line in installation.mounts.read_text("utf-8", "replace").splitlines():
        words = line.split(" ")
        if len(words) > 2:
            kinds[words[1].replace("\\040", " ")] = words[2]
    below = next(
        (str(p) for p in (found, *found.parents) if str(p) in kinds), ""
    )
    kind = kinds.get(below, "")
    if kind in FAR:
        yield Trouble(
            ERROR, f"{found} is on {kind}, which is a network file system."
        )
    elif kind in VOLATILE:
        state = WARNING if installation.deploy else NOTICE
        yield Trouble(
            state, f"{found} is on {kind}, which is gone at a restart."
        )


@check(
    "database.whole",
    ERROR,
    NOTICE,
    fine="Every page of the SQLite file is whole.",
    why="A damaged file answers for a while, and then loses accounts. The "
    "sooner it is found, the younger the backup that is still whole.",
    fix="restore the newest backup, as docs/operators/running.md says",
)
def is_whole(installation: Installation) -> Iterator[Trouble]:
    """Have SQLite check the file."""
    file = installation.database.file
    if not file.exists():
        raise Skip(f"there is no database at {file} yet")
    size = file.stat().st_size
    if size > SMALL:
        yield Trouble(
            NOTICE,
            f"The file has {size // 2**20} MiB, too many to be checked here.",
            "sqlite3 vestibule-data/vestibule.db 'PRAGMA quick_check'",
        )
        return
    try:
        found = str(installation.database.value("PRAGMA quick_check(1)"))
    except Silent as silent:
        found = said(silent.__cause__ or silent)
    if found != "ok":
        yield Trouble(ERROR, f"SQLite finds: {found.splitlines()[-1][:200]}")
