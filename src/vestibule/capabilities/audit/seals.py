"""Seals: signatures under the chain, by the secret key of the site."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam, insert, select, type_coerce
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.records import (
    LAST_POSITION,
    Entry,
    SealRecord,
)
from vestibule.db import DB
from vestibule.ground.chain import ZERO, as_bytes
from vestibule.ground.signing import is_one_of, keyed_hash
from vestibule.store import Readable

# So long after a change of the key, events signed by an old one are ours:
# another process may still have had it.
OVERLAP = 3600

# All as the database holds it: what somebody put there must not stop us.
_LAST_ENTRY = (
    select(
        Entry.position,
        type_coerce(Entry.link, NullType).label("link"),
        Entry.proof,
    )
    .where(Entry.position.between(1, LAST_POSITION - 1))
    .order_by(Entry.position.desc())
    .limit(1)
)
_RAW = [type_coerce(one, NullType) for one in SealRecord.__table__.columns]
_SEALS = select(*_RAW).where(
    # Half of it is left to those who come behind a forged one.
    SealRecord.position.between(1, LAST_POSITION // 2)
)
_FROM = _SEALS.where(SealRecord.position >= bindparam("position"))
_NEWEST_FIRST = _SEALS.order_by(SealRecord.position.desc())
_LAST_SEALS = _NEWEST_FIRST.limit(50)
# The first says what was cut, and each key that comes after says it again.
CUT = "cut"
_AGAIN = tuple(f"{CUT}{number}" for number in range(2, 100))
_LAST_CUTS = _LAST_SEALS.where(SealRecord.kind.startswith(CUT))
_KINDS = select(type_coerce(SealRecord.kind, NullType)).where(
    SealRecord.position == bindparam("position")
)
_BEFORE = _NEWEST_FIRST.where(SealRecord.at <= bindparam("moment")).limit(3)
_PART = (
    _SEALS.where(SealRecord.position > bindparam("position"))
    .order_by(SealRecord.position)
    .limit(1000)
)
_WRITE = insert(SealRecord)


@dataclass(frozen=True)
class Seal:
    """A seal as it was read; ``is_genuine`` if a key of ours made it.

    ``is_old`` if that is not the key that signs now.
    """

    position: int
    kind: str
    at: int
    link: bytes
    is_genuine: bool
    is_old: bool = False

    @property
    def is_cut(self) -> bool:
        """Whether it says up to where old rows were removed."""
        return str(self.kind).startswith(CUT)

    @property
    def is_new(self) -> bool:
        """Whether the key that signs now made it."""
        return self.is_genuine and not self.is_old


@dataclass(frozen=True)
class Head:
    """Where the chain ends; sound where a genuine seal says the same.

    ``behind`` is the last position that may have been given, ``proof`` that
    of the last row, if there is one; ``is_old`` if the key of the seal is.
    """

    position: int
    link: bytes
    behind: int
    is_sound: bool
    proof: str
    is_old: bool = False


class Seals:
    """Reads seals and checks them."""

    def __init__(self, db: Readable) -> None:
        self.db = db

    def head(self) -> Head:
        """Read where the chain ends, and whether that can be believed."""
        row = self.db.first(_LAST_ENTRY)
        if row is None:
            return self._bare_head()
        link = as_bytes(row.link)
        seals = self._timely(
            self._read(self.db.read(_FROM, position=row.position))
        )
        behind = max([row.position, *(seal.position for seal in seals)])
        under = [seal for seal in seals if seal.link == link]
        is_sound = behind == row.position and bool(under)
        is_old = not any(seal.is_new for seal in under)
        proof = str(row.proof)
        return Head(row.position, link, behind, is_sound, proof, is_old)

    def _bare_head(self) -> Head:
        """Say where a chain ends that has no rows: new, or wholly cut."""
        found = self._read(self.db.read(_LAST_SEALS))
        if not found:
            return Head(0, ZERO, 0, is_sound=True, proof="")
        genuine = self._timely(found)
        seals = genuine or found
        last = seals[0].position
        cuts = [s for s in seals if s.position == last and s.is_cut]
        seal = cuts[0] if cuts else seals[0]
        is_sound = bool(genuine and cuts)
        return Head(
            last, seal.link, last, is_sound, proof="cut", is_old=seal.is_old
        )

    def _timely(self, seals: list[Seal]) -> list[Seal]:
        """Leave out what is forged, also by a key that is over.

        Attack: an old key was stolen, which is why there is a new one. It
        made its seals before the first one by the new key.
        """
        ours = [seal for seal in seals if seal.is_genuine]
        if any(seal.is_old for seal in ours) and self._has_new():
            return [seal for seal in ours if seal.is_new]
        return ours

    def _has_new(self) -> bool:
        """Look through all seals for one by the key that signs now."""
        position = 0
        while rows := self.db.read(_PART, position=position):
            if any(seal.is_new for seal in self._read(rows)):
                return True
            position = rows[-1][0]
        return False

    def event_keys(self) -> tuple[str, ...]:
        """List the keys that an event which waits may be signed by."""
        keys = self.db.settings.keys
        if keys.old:
            moment = self.db.clock.now() - OVERLAP
            before = self._read(self.db.read(_BEFORE, moment=moment))
            if any(seal.is_new for seal in before):
                return (keys.current,)
        return keys.all

    def last(self) -> Seal | None:
        """Read the newest seal of ours, if anything is sealed."""
        found = self._timely(self._read(self.db.read(_LAST_SEALS)))
        return found[0] if found else None

    def cut(self) -> Seal | None:
        """Read up to where old rows were removed, if any were.

        Attack: an old key was stolen, and a cut is pretended with it.
        """
        found = self._read(self.db.read(_LAST_CUTS))
        ours = [s for s in found if s.is_new] or self._timely(found)
        forged = [replace(seal, is_genuine=False) for seal in found]
        return next(iter(ours or forged), None)

    def within(self, after: int, upto: int) -> list[Seal]:
        """Read the seals of a part of the chain, by position."""
        part = _FROM.where(SealRecord.position <= upto)
        part = part.order_by(SealRecord.position)
        return self._read(self.db.read(part, position=after + 1))

    def _read(self, rows: Sequence[Any]) -> list[Seal]:
        """Check the signatures of seals, by the keys of now and before."""
        return [self._checked(row) for row in rows]

    def _checked(self, row: Any) -> Seal:
        """Check the signature of one seal."""
        position, kind, at, link, given = row
        link, given = as_bytes(link), as_bytes(given)
        keys = self.db.settings.keys

        def by(some: Sequence[str]) -> bool:
            """Tell whether one of some keys made it."""
            right = [_signature(k, kind, position, at, link) for k in some]
            return is_one_of(given, right)

        is_new = by([keys.current])
        is_old = not is_new and by(keys.old)
        return Seal(position, kind, at, link, is_new or is_old, is_old)


class OwnSeals(Seals):
    """Makes seals as well."""

    def __init__(self, db: DB) -> None:
        super().__init__(db)
        self._write = db.write

    def take_over(self) -> None:
        """Say of a cut by the key before that it was ours.

        Once there are seals by the new key, no other cut counts. Attack: a
        row under the name that it would get, so that nothing is sealed.
        """
        cut = self.cut()
        if cut is None or not (cut.is_genuine and cut.is_old):
            return
        rows = self.db.read(_KINDS, position=cut.position)
        taken = {str(row[0]) for row in rows}
        free = next((kind for kind in _AGAIN if kind not in taken), None)
        if free is not None:
            self.make(free, cut.position, cut.link)

    def make(self, kind: str, position: int, link: bytes) -> None:
        """Sign that the chain up to a row is as it is now."""
        at = self.db.clock.now()
        key = self.db.settings.keys.current
        self._write(
            _WRITE,
            position=position,
            kind=kind,
            at=at,
            link=link,
            signature=_signature(key, kind, position, at, link),
        )


def _signature(
    key: str, kind: str, position: int, at: int, link: bytes
) -> bytes:
    """Sign all that a seal says."""
    said = (str(kind), str(position), str(at), link.hex())
    return keyed_hash(key, "history.seal", *said)
