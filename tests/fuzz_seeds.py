"""Seeds: the requests that the fuzz begins with, each of which works.

They are the deeds of every route and the states of the gallery, so that a
new route or page is in the fuzz from its first day.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_to_bytes

from costs import OTHERS
from deeds import Deed, deeds
from fuzz_drafts import (
    OWN_FORM,
    OWN_NAME,
    Draft,
    File,
    kind_of_parts,
)
from gallery import WINGS
from hostility import BROWSER, FORM, JSON
from paintings import painted
from policy_stage import Stage
from vestibule.policy import Who

# Whose things are asked for: one's own, another's who is among the askers,
# and those of somebody nobody may touch.
ABOUT = ("alice", "root", "bob", "vera")


def seeds(stage: Stage) -> list[Draft]:
    """List all that is known to work, of every door."""
    found = [*_deeds(stage), *_gallery(stage), *_others(stage)]
    found += [_upload(facts) for facts in (stage.facts["alice"],)]
    return found


def _deeds(stage: Stage) -> Iterator[Draft]:
    """Write every deed, about the things of several people."""
    for deed in deeds(stage.app):
        # About oneself it is the same, whoever else there is.
        about = ABOUT if deed.names_a_thing else ABOUT[:1]
        for name in about:
            yield _deed(deed, _asker(deed, name), stage.facts[name])


def _asker(deed: Deed, about: str) -> str:
    """Choose somebody who may do it, as far as anybody may."""
    if deed.act.is_public:
        return "anonymous"
    if Who.OWNER in deed.act.allowed and about in ("alice", "bob"):
        return "owner" if about == "alice" else "other"
    return "admin"


def _deed(deed: Deed, asker: str, facts: Mapping[str, object]) -> Draft:
    """Write one deed."""
    fields = [
        (name, value.format(**facts) if isinstance(value, str) else value)
        for name, value in deed.line.body.items()
    ]
    if deed.is_page and not deed.looks:
        fields.append(("csrf_token", OWN_FORM))
    kind = deed.line.kind
    if fields:
        kind = FORM if deed.is_page else JSON
    accept = BROWSER if deed.is_page else (("Accept", JSON),)
    return Draft(
        asker,
        deed.method,
        unquote_to_bytes(deed.path(facts)).decode("latin-1"),
        fields=fields,
        kind=kind,
        raw=deed.line.raw or None,
        headers=[*accept, (OWN_NAME, "")],
        is_bearer=deed.is_api,
    )


def _gallery(stage: Stage) -> Iterator[Draft]:
    """Write every state of every page that is looked at in a browser."""
    facts = stage.facts["alice"]
    names = {name: str(user.id) for name, user in stage.people.items()}
    names |= {name: str(value) for name, value in facts.items()}
    names |= {"who": "alice", "language": "en"}
    filled = defaultdict(lambda: names["alice"], names)
    for wing in ("entrance", "account", "administration"):
        for state in WINGS[wing]:
            path, _, query = state.path.format_map(filled).partition("?")
            who = {"": "anonymous", "olga": "admin"}.get(state.who, "owner")
            headers = [*BROWSER, (OWN_NAME, "")]
            yield Draft(who, "GET", path, query, headers=headers)
            if state.typed is not None:
                typed = {
                    name: text.replace("anna", "alice").format_map(filled)
                    for name, text in state.typed.items()
                }
                fields = [*typed.items(), ("csrf_token", OWN_FORM)]
                yield Draft(
                    who, "POST", path, query, fields, FORM, None, [*headers]
                )


def _others(stage: Stage) -> Iterator[Draft]:
    """Write what no deed is about, and what is answered before Flask."""
    front = stage.app.extensions["vestibule"].front.places
    for path in (*OTHERS.values(), *front):
        for who in ("anonymous", "owner"):
            yield Draft(
                who, "GET", path, headers=[("Accept", JSON), (OWN_NAME, "")]
            )


def _upload(facts: Mapping[str, object]) -> Draft:
    """Write the form of a profile with a picture in it."""
    fields = [
        ("csrf_token", OWN_FORM),
        ("username", facts["username"]),
        ("email", facts["email"]),
        ("picture", File("me.png", painted(size=(3, 2)))),
    ]
    headers = [*BROWSER, (OWN_NAME, "")]
    return Draft(
        "owner", "POST", "/profile", "", fields, kind_of_parts(), None, headers
    )
