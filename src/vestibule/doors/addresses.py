"""Addresses: which of ours the host had before we came."""

import logging
import re
from collections.abc import Iterable, Iterator

from flask import Flask
from werkzeug.routing import Rule

OWN = "vestibule."
# What is answered in front of the application, so that it has no rule.
CHECK = "/check"

log = logging.getLogger("vestibule")


def is_taken(path: str, earlier: Iterable[Rule]) -> bool:
    """Tell whether a host has a rule of its own for just this path."""
    return any(rule.rule == path for rule in earlier)


def warn_of_taken(app: Flask, earlier: Iterable[Rule], prefix: str) -> None:
    """Say which addresses of ours answer with the host's own views.

    Of two equal rules Werkzeug takes the one that was added first. So what
    a host adds later is never reached, which cannot be seen from here.

    Args:
        app: the host, with our addresses.
        earlier: its rules before these were added.
        prefix: what our addresses begin with.
    """
    theirs = {place for rule in earlier for place in _places(rule)}
    ours = {
        place
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith(OWN)
        for place in _places(rule)
    }
    ours |= {place for place in theirs if place[1] == prefix + CHECK}
    taken = sorted(f"{how} {path}" for _, path, how in ours & theirs)
    if taken:
        log.warning(
            "these addresses were the application's own before Vestibule was "
            "mounted, and stay so: %s. Below a prefix Vestibule has all of "
            "its own: VESTIBULE_URL_PREFIX",
            ", ".join(taken),
        )


def _places(rule: Rule) -> Iterator[tuple[str, str, str]]:
    """List what a rule answers: host name, path and method.

    Whatever a variable part is called, it is the same address; but one of
    another kind, such as ``<path:…>``, is tried earlier or later than ours.
    """
    host = rule.host or rule.subdomain or ""
    path = re.sub(r"\b\w+>", "…>", rule.rule)
    for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
        yield host, path, method
