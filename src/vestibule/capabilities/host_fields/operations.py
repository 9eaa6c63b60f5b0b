"""Keeping and reading the fields that a host defines."""

import json
from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import delete, select, update

from vestibule.capabilities.host_fields.records import HostFieldsRecord
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Missing
from vestibule.shape import Shape
from vestibule.user import User

S = TypeVar("S", bound=Shape)


class HostFields(Capability):
    """What the host application keeps of its people besides.

    The host declares a shape; what people fill in is kept as one JSON
    object, so that a field more or less needs no migration.
    """

    name = "host_fields"

    def read(self, user: User, shape: type[S]) -> S:
        """Read what somebody has filled in.

        Args:
            user: whose fields they are.
            shape: the host's declaration; a field it has gained since is
                empty, one it has lost is left out.
        """
        row = self.db.first(
            select(HostFieldsRecord.filled).where(
                HostFieldsRecord.user_id == user.id
            )
        )
        return shape.restored({} if row is None else json.loads(row[0]))

    @operation
    def keep(self, user: User, filled: Mapping[str, object]) -> None:
        """Keep what somebody has filled in, in place of what was there.

        Args:
            user: whose fields they are.
            filled: text, numbers and switches by name, as a shape read
                them; at most 60,000 characters of JSON.

        Raises:
            Missing: the account is gone.
        """
        if not self.db.hold(user.id):
            raise Missing
        text = json.dumps(dict(filled), ensure_ascii=False)
        changed = (
            update(HostFieldsRecord)
            .where(HostFieldsRecord.user_id == user.id)
            .values(filled=text)
        )
        if not self.db.write(changed):
            self.db.insert_new(HostFieldsRecord, user_id=user.id, filled=text)

    def export(self, user: User) -> Exported:
        """Tell an account what it has filled in for the host."""
        row = self.db.first(
            select(HostFieldsRecord.filled).where(
                HostFieldsRecord.user_id == user.id
            )
        )
        return Exported(None if row is None else json.loads(row[0]))

    def forget(self, user: User) -> None:
        """Remove what an account that goes has filled in."""
        self.db.write(
            delete(HostFieldsRecord).where(HostFieldsRecord.user_id == user.id)
        )
