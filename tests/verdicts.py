"""Verdicts: how an act must end by the table, and how that is answered.

Both are read from the table and the contract alone, and never from what
the application does.
"""

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

from deeds import Deed
from hostility import Answer
from vestibule.policy import Act, Who


def verdict(
    act: Act, who: Who, *, is_there: bool = True, is_fresh: bool = True
) -> str:
    """Say by the table alone how an act must end.

    Args:
        act: the row.
        who: how the asker stands towards the thing, or would if it were
            there.
        is_there: whether it is.
        is_fresh: whether the asker has proven who they are a moment ago.
    """
    if not is_there and Who.OWNER in who:
        # Nobody owns what is not there.
        who = (who & ~Who.OWNER) | Who.OTHER
    granted = act.allowed & who
    if not granted:
        return "anonymous" if who == Who.ANONYMOUS else "forbidden"
    if not is_fresh and granted in act.fresh:
        return "stale"
    return "done" if is_there else "missing"


def is_as_told(
    deed: Deed, told: str, path: str, answer: Answer, *, refused: int = 403
) -> bool:
    """Tell whether an answer is that of a verdict, by the contract alone.

    Args:
        deed: what was asked for.
        told: the verdict of the table.
        path: where.
        answer: what came.
        refused: the status of who is signed in and may not.
    """
    status = answer.status
    if told == "done":
        return status == deed.works
    if told == "anonymous" and deed.is_page and deed.looks:
        return status == 302 and leads(answer) == ("/login", path)
    if told == "stale" and deed.is_page:
        return status == 303 and leads(answer)[0] == "/confirm"
    usual, code = {
        "anonymous": (401, "auth.required"),
        "forbidden": (refused, "forbidden"),
        "missing": (404, "missing"),
        "stale": (401, "proof.too_old"),
    }[told]
    kind = answer.get("content-type").partition(";")[0]
    if deed.is_page:
        return status == usual and kind == "text/html"
    return (
        status == usual
        and kind == "application/problem+json"
        and json.loads(answer.body)["code"] == code
    )


def leads(answer: Answer) -> tuple[str, str]:
    """Say where an answer leads, and where one comes back to from there."""
    parts = urlsplit(answer.get("location"))
    return parts.path, parse_qs(parts.query).get("next", [""])[0]


def face(answer: Answer, path: str) -> object:
    """Take of an answer what tells anything, without the address itself."""
    headers = sorted(
        (name, re.sub(r"=[^;]*", "", value) if "Cookie" in name else value)
        for name, value in answer.headers
        if name not in ("Date", "Content-Length")
    )
    text = re.sub(r'(name="csrf_token" value=)"[^"]*"', r"\1", answer.text)
    shown = f"{headers} {text}"
    for written in (path, quote(path, safe="")):
        shown = shown.replace(written, "(here)")
    return answer.status, shown
