"""Prints: the pages that all strangers see alike, rendered only once.

The entrance and the sign-in page are asked for more than all others
together, and by whoever means to keep a server busy. What is kept holds
nothing of any request: neither a query nor a notice nor what was typed, and
where the form's secret belongs it has a mark.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import request

from vestibule.doors.hall import hall

PAGES = ("vestibule/home.html", "vestibule/login/login.html")
# No text has these letters, which Unicode leaves without a meaning.
MARK = "\ue000form\ue001"
# Languages, themes, and the marks of a stylesheet that is being changed.
MOST = 100


def is_printable(template: str, values: Mapping[str, Any]) -> bool:
    """Tell whether a page is the one that all strangers see.

    In a host's application a page may show anything.
    """
    if template not in PAGES or not hall().shelf.keeps_prints:
        return False
    form = values.get("form")
    is_blank = form is None or form.is_blank
    others = any(_holds(what) for n, what in values.items() if n != "form")
    is_plain = request.method == "GET" and not request.query_string
    return is_blank and is_plain and not others


def _holds(what: Any) -> bool:
    """Tell whether something is shown, also if that is asked late."""
    return bool(what() if callable(what) else what)


def printed(
    looks: tuple[str, ...],
    values: Mapping[str, Any],
    render: Callable[[Mapping[str, Any]], str],
) -> str:
    """Give a page as it was rendered before, with this form's secret.

    Args:
        looks: all that a printable page depends on.
        values: what it is rendered with.
        render: renders it.
    """
    known, form = hall().shelf.prints, values.get("form")
    key = (request.script_root, request.path, *looks)
    found = known.get(key)
    if found is None:
        blank = None if form is None else replace(form, token=MARK)
        found = render({**values, "form": blank})
        if len(known) < MOST:
            known[key] = found
    return found if form is None else found.replace(MARK, form.token)
