"""The pages of one's own activity, and of the history of everybody."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from vestibule.capabilities.audit.files import MEDIA_TYPES, lines
from vestibule.capabilities.audit.forms import (
    Filters,
    HistorySearch,
    HistoryTaking,
    Part,
    placed,
)
from vestibule.capabilities.audit.outcomes import Happened, Wanted
from vestibule.doors import activity as words
from vestibule.doors.caller import actor, allowed, current_user
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page, search_page
from vestibule.doors.rooms import Room
from vestibule.doors.words import device_name
from vestibule.errors import Malformed, Missing
from vestibule.ground.clock import written
from vestibule.policy import Act

pages = Blueprint("audit", __name__, template_folder="templates")
ROOM = Room("audit.activity", "Activity")


@pages.get("/account/activity")
@allowed(Act.SEE_ACTIVITY)
def activity() -> Response:
    """Show people what happened to their account, in words."""
    return search_page(Part, "vestibule/audit/activity.html", _own)


def _own(asked: Part) -> dict[str, Any]:
    """Find a part of one's own activity."""
    found = auth().audit.of(current_user.id, before=asked.place)
    return {
        "events": words.own_lines(found.items, current_user.id),
        "next": placed(found.more),
        "device_name": device_name,
        "written": written,
    }


@pages.get("/admin/history")
@allowed(Act.SEARCH_HISTORY)
def history() -> Response:
    """List what happened, the newest first, or what a search finds."""
    return search_page(
        HistorySearch,
        "vestibule/audit/history.html",
        _everybodys,
        acts=words.acts(),
        written=written,
    )


def _everybodys(asked: HistorySearch) -> dict[str, Any]:
    """Find the events that a search asks for."""
    found = auth().audit.search(_wanted(asked), by=actor(), before=asked.place)
    return {
        "events": words.lines(found.items),
        "next": placed(found.more),
        "sealed": auth().audit.sealed(),
    }


@pages.route("/admin/history/export", methods=["GET", "POST"])
@allowed(Act.EXPORT_HISTORY)
def take() -> Response:
    """Ask what to take along and how, and hand it over."""
    auth().policy.require(actor(), Act.EXPORT_HISTORY, None)
    return form_page(
        HistoryTaking,
        "vestibule/audit/take.html",
        lambda form: (
            form.written_as,
            auth().audit.take(_wanted(form), by=actor()),
        ),
        lambda made: _file(*made),
        values={name: request.args.get(name, "") for name in Filters.looks()},
        acts=words.acts(),
    )


def _wanted(asked: Filters) -> Wanted:
    """Say what is looked for, by number and code."""
    return Wanted(
        acts=words.alike(asked.act),
        who=_number(asked.who) if asked.who else None,
        **asked.wanted,
    )


def _number(name: str) -> int:
    """Say whose number it is; that there is nobody is said at the field.

    Raises:
        Malformed: nobody is called so.
    """
    try:
        return auth().audit.number_of(name)
    except Missing as error:
        raise Malformed(
            *(replace(fault, field="who") for fault in error.faults)
        ) from None


def _file(written_as: str, events: Iterator[Happened]) -> Response:
    """Hand over a file that is made while it is sent."""
    called = auth().db.usernames_of
    response = Response(
        lines(events, called, written_as),
        content_type=f"{MEDIA_TYPES[written_as]}; charset=utf-8",
    )
    response.headers.set(
        "Content-Disposition", "attachment", filename=f"history.{written_as}"
    )
    return response
