"""Preparing, replacing, removing and showing pictures."""

import re
from collections.abc import Iterator
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Delete, bindparam, delete, select, update
from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.pictures.folder import PictureFolder
from vestibule.capabilities.pictures.processor import Processor
from vestibule.capabilities.pictures.records import PictureRecord
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Malformed, Missing, NotProven, Unavailable
from vestibule.ground.pictures import MEDIA_TYPES, NoPicture
from vestibule.reasons import picture_fault, picture_faults, refuse
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

ORPHANED_AFTER = 3600
SWEEP_AT_ONCE = 200

_TOLD = ("media_type", "width", "height", "size", "created_at")
_NAME = re.compile(r"[A-Za-z0-9_-]{43}\.(png|jpg)")


@dataclass(frozen=True)
class Picture:
    """A picture as it is served: its name in the address, and its type."""

    name: str
    media_type: str
    width: int
    height: int
    size: int
    created_at: int


_PICTURE = select(
    *(PictureRecord.__table__.c[name] for name in Picture.__dataclass_fields__)
)
_OF_ACCOUNT = _PICTURE.where(PictureRecord.user_id == bindparam("user_id"))


@dataclass(frozen=True)
class Prepared:
    """A picture that was drawn anew and is nobody's yet."""

    picture: Picture
    content: bytes


class Pictures(Capability):
    """One picture an account, drawn anew, in files of our own."""

    name = "pictures"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self.folder = PictureFolder(self.settings.data_folder / "pictures")
        self.processor = Processor(lambda: self.db.is_writing)

    def prepare(
        self, content: bytes, name: str = "", user: User | None = None
    ) -> Prepared:
        """Decode a file and draw it anew; slow, and nothing is kept yet.

        Args:
            content: the file; that alone decides what kind it is of.
            name: what its sender calls it, if it has a name.
            user: whose attempt it is, which is counted until it succeeds.

        Raises:
            Malformed: it becomes no picture; the fault says why.
            TooMany: this account sent too many files that become none.
            Unavailable: too many pictures are being drawn.

        Source: OWASP ASVS 5.0 5.2 and 15.2.5.
        """
        refuse(picture_faults(name, len(content)))
        # Attack: small files that cost their decoder all the time it has.
        counted = nullcontext() if user is None else self._counted(user)
        try:
            with counted:
                drawn = self.processor.redraw(content)
        except NoPicture as none:
            raise Malformed(picture_fault(none.fault)) from none
        picture = Picture(
            # Attack: names that can be guessed, or that a sender chose.
            name=f"{self.auth.randomness.token()}.{drawn.kind}",
            media_type=MEDIA_TYPES[drawn.kind],
            width=drawn.width,
            height=drawn.height,
            size=len(drawn.content),
            created_at=self.auth.clock.now(),
        )
        return Prepared(picture, drawn.content)

    def _counted(self, user: User) -> AbstractContextManager[None]:
        """Count an attempt of an account, until it succeeds."""
        return self.auth.throttle.attempt("picture", user.id)

    @operation
    def replace(self, user: User, prepared: Prepared) -> Picture:
        """Give an account a picture in place of the one it had.

        Raises:
            Unavailable: the disk does not take it; the old one stays.
        """
        with self.stored(prepared):
            return self.lead_to(user, prepared.picture)

    @contextmanager
    def stored(self, prepared: Prepared | None) -> Iterator[None]:
        """Keep the file of a picture if what is done within succeeds.

        It is written at once, and so before the transaction. Its row, which
        is nobody's yet, is there before the file: whatever a crash leaves
        is known and swept.
        """
        if prepared is None:
            yield
            return
        if self.db.is_writing:
            raise RuntimeError("a file must not hold a transaction open")
        name = prepared.picture.name
        with self.db.apart():
            self.db.add(PictureRecord(**vars(prepared.picture)))
        try:
            self.folder.write(name, prepared.content)
            yield
        except BaseException:
            with self.db.apart():
                self._discard(name)
            raise

    @operation
    def lead_to(self, user: User, picture: Picture) -> Picture:
        """Make a stored picture the one of an account."""
        self._alone(user)
        self._free(user)
        taken = self.db.write(
            update(PictureRecord)
            .where(PictureRecord.name == picture.name)
            .values(user_id=user.id)
        )
        if not taken:
            raise Unavailable
        self.history.record("picture.change", user.id)
        return picture

    @operation
    def remove(self, user: User) -> bool:
        """Take the picture of an account away; say if there was one."""
        self._alone(user)
        is_gone = self._free(user)
        if is_gone:
            self.history.record("picture.remove", user.id)
        return is_gone

    def _alone(self, user: User) -> None:
        """Let others who change this account's picture wait their turn."""
        try:
            self.db.update_user(user.id)
        except NoResultFound as error:
            raise NotProven from error

    def _free(self, user: User) -> bool:
        """Make an account's picture nobody's, and soon after nothing."""
        row = self.db.write_returning(
            update(PictureRecord)
            .where(PictureRecord.user_id == user.id)
            .values(user_id=None)
            .returning(PictureRecord.name)
        )
        if row is None:
            return False
        name = row[0]
        self.db.afterwards(lambda: self._discard(name))
        return True

    def _discard(self, name: str) -> None:
        """Remove a picture that is nobody's; if not now, it is swept."""
        nobodys = (PictureRecord.name == name, PictureRecord.user_id.is_(None))
        with suppress(Unavailable):
            # A commit may have been done whose answer was lost: then the
            # picture is somebody's, whatever the error said.
            if self._found(*nobodys) and self.folder.remove(name):
                self.db.write(_nobodys(PictureRecord.name == name))

    def of(self, user: User) -> Picture | None:
        """Find the picture of an account."""
        row = self.db.first(_OF_ACCOUNT, user_id=user.id)
        return None if row is None else Picture(**row._mapping)

    def open(self, name: str) -> tuple[Picture, bytes]:
        """Read a picture by the name in its address.

        Raises:
            Missing: there is none of this name, or its file is lost.
            Unavailable: the disk does not answer.
        """
        # Attack: a name that leads out of the folder.
        picture = None
        if _NAME.fullmatch(name):
            picture = self._found(
                PictureRecord.name == name, PictureRecord.user_id.is_not(None)
            )
        if picture is None:
            raise Missing
        content = self.folder.read(picture.name)
        if content is None:
            raise Missing
        return picture, content

    def _found(self, *where: ColumnElement[bool]) -> Picture | None:
        """Read the one picture that fits."""
        row = self.db.first(_PICTURE.where(*where))
        return None if row is None else Picture(**row._mapping)

    def forget(self, user: User) -> None:
        """Remove the picture of an account that goes.

        Its row becomes nobody's when that of the account goes, as the last
        of all: who changes a profile locks them in the same order.
        """
        picture = self.of(user)
        if picture is not None:
            self.db.afterwards(lambda: self._discard(picture.name))

    def export(self, user: User) -> Exported:
        """Give an account its picture, as it is shown."""
        picture = self.of(user)
        if picture is None:
            return Exported()
        content = self.folder.read(picture.name)
        if content is None:
            return Exported()
        facts = {name: getattr(picture, name) for name in _TOLD}
        kind = picture.name.rpartition(".")[2]
        return Exported(facts, {f"picture.{kind}": content})

    def sweep(self, now: int) -> int:
        """Remove a few pictures that are nobody's and never will be."""
        rows = self.db.read(
            select(PictureRecord.name)
            .where(
                PictureRecord.user_id.is_(None),
                PictureRecord.created_at <= now - ORPHANED_AFTER,
            )
            .limit(SWEEP_AT_ONCE)
        )
        gone = [row[0] for row in rows if self.folder.remove(row[0])]
        return self.db.write(_nobodys(PictureRecord.name.in_(gone)))


def _nobodys(where: ColumnElement[bool]) -> Delete:
    """Express in SQL to forget pictures, unless they became somebody's."""
    return delete(PictureRecord).where(where, PictureRecord.user_id.is_(None))
