"""The page of all fields that may come in, made from the shapes themselves."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from marshmallow import fields, validate

from vestibule.field import Look
from vestibule.shape import Shape

BEGIN = """\
# Fields: what may come in

<!-- Written by script/make-docs from the shapes in src/vestibule. -->

Every field that a form, a call of the API or a JSON route reads, and what it
may hold. A shape is one form; pages, JSON and the
[OpenAPI document](api.md) read the same ones, so a field is the same at every
door. What a browser checks, the server checks again.

## What holds for all

- A name that a shape does not have is refused (`field.unknown`), and one
  that is sent twice (`field.repeated`), in JSON and in forms alike.
- A value of another kind is refused (`field.type`): no list, number or
  object in place of text. Numbers are whole.
- Text is Unicode. Characters that cannot be written down are refused: control
  characters, and in one line also line ends. Lengths are code points.
- At most 100 fields, and 64 KB; a picture of 2 MB besides, from whoever is
  signed in.

## What names and passwords may be

| | |
|---|---|
| an e-mail address | as RFC 5321 has it, 254 characters at most; kept as typed, compared folded |
| a username | 3 to 20 letters, digits, dots, hyphens and underscores of one script at a time, without `@`; compared folded |
| a password | at least `VESTIBULE_PASSWORD_MIN_LENGTH` code points and at most 1,024 bytes, [none that is common](capabilities/passwords.md) |
| a code | eight digits, spaces and hyphens aside |
| a token | what was mailed, 43 characters |
| a picture | [JPEG, PNG or SVG](capabilities/pictures.md), 2 MB, 4096 pixels on a side |

## What must fit together

| Fields | Rule | Code |
|---|---|---|
| a new password, and once more | equal | `password2.mismatch` |
| a new password, and the names of the account and the site | not little more than one of them | `password.personal` |
| a new password, and the one before | another | `password.same` |
| an e-mail address, a username | nobody else's, neither as an address nor as a name | `email.taken`, `username.taken` |
| feedback, and who changes it | its owner's, or an administrator | 403 |
| a mailed link, and the form | the link that was opened last in this browser | `link.other_opened` |
| an administrator's page, and the account | somebody else's, and never the last active administrator's | `last_admin` |

## How much of it

| What | Of one | Altogether |
|---|---|---|
| attempts, letters, registrations | [account, device, address](operators/budgets.md) | the [gate](operators/lanes.md) |
| pieces of feedback | 30 in a quarter of an hour, no limit to how many there are | the disk |
| pictures | one; ten files in a row that become none | four wait, two are drawn |
| exports | 10 in a quarter of an hour | – |
| sessions | no limit; the list shows 50 | – |
| known devices of an account, accounts in a browser | [20](capabilities/known_devices.md), 5 | – |
| live links of an account | one for each purpose | – |
| rows of a page | 50, `most` at most 100 in the API | – |

"""  # noqa: E501 - tables are not broken
KINDS = {
    fields.Boolean: "yes or no",
    fields.Integer: "whole number",
    fields.String: "text",
}


def fields_page() -> str:
    """Write the page: what holds for all, then shape by shape."""
    parts = [BEGIN]
    place = ""
    for shape in sorted(set(shapes(Shape)), key=_place):
        if not dataclasses.fields(shape):
            continue
        if place != (place := capability(shape)):
            parts.append(f"## {place.replace('_', ' ').capitalize()}\n\n")
        parts.append(f"{(shape.__doc__ or '').splitlines()[0]}\n\n")
        parts.append("| Field | Holds | |\n|---|---|---|\n")
        parts += [row(one) for one in dataclasses.fields(shape)]
        parts.append("\n")
    return "".join(parts).rstrip("\n") + "\n"


def shapes(base: type[Shape]) -> Iterator[type[Shape]]:
    """List all shapes of the package itself."""
    for one in base.__subclasses__():
        if one.__module__.startswith("vestibule."):
            yield one
        yield from shapes(one)


def _place(shape: type[Shape]) -> tuple[str, str]:
    """Order shapes by their capability, then by name."""
    return capability(shape), shape.__qualname__


def capability(shape: type[Shape]) -> str:
    """Say which capability a shape belongs to."""
    words = shape.__module__.split(".")
    return words[2] if words[1] == "capabilities" else "shared"


def row(field: Any) -> str:
    """Write what one field may hold."""
    look: Look = field.metadata["look"]
    wire: fields.Field[Any] = field.metadata["wire"]
    notes = []
    if look.is_secret or look.kind == "password":
        notes.append("secret")
    if look.is_optional or not wire.required:
        notes.append("may be missing")
    return f"| `{field.name}` | {held(wire, look)} | {', '.join(notes)} |\n"


def held(wire: Any, look: Look) -> str:
    """Say kind and limits of a field."""
    kind = next(
        (said for made, said in KINDS.items() if isinstance(wire, made)),
        "file" if look.kind == "file" else look.kind,
    )
    if look.kind in ("email", "password"):
        kind = {"email": "e-mail address", "password": "password"}[look.kind]
    return ", ".join([kind, *limits(wire)])


def limits(wire: Any) -> Iterator[str]:
    """Say the limits that a field checks by itself."""
    for rule in wire.validators:
        if isinstance(rule, validate.Length):
            if rule.min and rule.min > 1:
                yield f"at least {rule.min} characters"
            if rule.max:
                yield f"at most {rule.max:,} characters"
        elif isinstance(rule, validate.Range):
            yield f"{rule.min} to {rule.max}"
        elif isinstance(rule, validate.OneOf):
            named = [f"`{one}`" for one in rule.choices if one]
            yield "one of " + ", ".join(named) if named else "empty"
