"""The API's calls about recovery codes."""

import dataclasses
from collections.abc import Sequence

from flask import Blueprint

from vestibule.doors.answers import Answer, Moment, Number, told, words
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor, current_user
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("recovery_codes", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeftAnswer(Answer):
    """How it stands with your recovery codes."""

    left: int = told(Number, "How many work still")
    created_at: int | None = told(
        Moment, "When they were made; null if never", nullable=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodesAnswer(Answer):
    """New recovery codes, told once."""

    codes: Sequence[str] = words(
        "Ten codes, of which each works once", is_secret=True
    )


@api.get("/recovery-codes")
@api_call("Count your recovery codes", Act.SEE_FACTORS, gives=LeftAnswer)
def show() -> LeftAnswer:
    """Tell how many are left, and since when."""
    left = auth().recovery_codes.left(current_user)
    return LeftAnswer(left=left.count, created_at=left.created_at)


@api.post("/recovery-codes")
@api_call(
    "Make new recovery codes",
    Act.CHANGE_FACTORS,
    gives=CodesAnswer,
    status=201,
    refuses=("recovery_codes.no_factor",),
)
def make() -> CodesAnswer:
    """Make ten codes, which are told here and never again.

    Those from before work no more. An account needs another second factor
    first. Each code is taken once where a second factor is asked for.
    """
    codes = auth().recovery_codes.make(current_user, by=actor())
    return CodesAnswer(codes=codes)
