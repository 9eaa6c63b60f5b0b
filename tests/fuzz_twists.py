"""Twists: small things done to a request that works, a few at a time."""

import random
from collections.abc import Callable

import fuzz_words as words
from fuzz_bodies import (
    boundary,
    bytes_of_body,
    field_name,
    field_value,
    form_secret,
    kind,
    large,
    length,
    many_fields,
    nested,
    picture,
)
from fuzz_drafts import OWN_NAME, Draft
from hostility import JSON, NUMBERS, latin

Twist = Callable[[random.Random, Draft], None]
FOREIGN = "https://evil.example"


def method(rng: random.Random, draft: Draft) -> None:
    """Ask by another method."""
    draft.method = rng.choice(words.METHODS)


def path_part(rng: random.Random, draft: Draft) -> None:
    """Put something else in the place of a part of the path."""
    parts = draft.path.split("/")
    odd = rng.choice(words.SEGMENTS + words.NAMES + NUMBERS)
    parts[rng.randrange(len(parts))] = latin(odd)
    draft.path = "/" + "/".join(parts).removeprefix("/")


def path_shape(rng: random.Random, draft: Draft) -> None:
    """Add to the path, or write it in another way."""
    path = draft.path
    places = [
        *(path + "/", "/" + path, path + "//", path + ";a=b", path + "\x00"),
        *(
            path + "/..",
            "/x/.." + path,
            shouted(path),
            path.replace("/", "//"),
        ),
        *(path + ".json", path + "%20", path + "?", path + "#", path[:-1]),
        *(path.replace("/", "\\"), "/./" + path, path + "/" + "a/" * 400),
        *(path.replace("e", "%65"), path.replace("/", "%2f"), path + "\xe9"),
    ]
    draft.path = rng.choice(places) or "/"


def shouted(path: str) -> str:
    """Write the letters of ASCII in a path as capitals."""
    return path.encode("latin-1").upper().decode("latin-1")


def path_bytes(rng: random.Random, draft: Draft) -> None:
    """Change bytes of the path."""
    found = bytearray(draft.path.encode("latin-1"))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(1, len(found) + 1)
        found[at:at] = bytes([rng.randrange(256)])
    draft.path = found.decode("latin-1")


def query(rng: random.Random, draft: Draft) -> None:
    """Ask with a query."""
    some = [rng.choice(words.QUERIES) for _ in range(rng.randint(1, 3))]
    draft.query = "&".join(filter(None, [draft.query, *some]))


def header(rng: random.Random, draft: Draft) -> None:
    """Send a header with an odd value."""
    name, value = rng.choice(words.HEADERS), rng.choice(words.VALUES)
    draft.headers.insert(rng.randint(0, len(draft.headers)), (name, value))


def header_twice(rng: random.Random, draft: Draft) -> None:
    """Send a header a second time."""
    if draft.headers:
        draft.headers.append(rng.choice(draft.headers))


def header_bytes(rng: random.Random, draft: Draft) -> None:
    """Send a header of any bytes that a server lets through."""
    size = rng.randint(1, 40)
    value = "".join(chr(rng.choice([9, *range(32, 256)])) for _ in range(size))
    name = rng.choice(words.HEADERS)
    draft.headers.append((name, value.replace("\x7f", "")))


def cookie(rng: random.Random, draft: Draft) -> None:
    """Send a cookie before or behind one's own, or in its place."""
    odd = ("Cookie", rng.choice(words.COOKIES))
    if rng.random() < 0.3:
        draft.headers = [h for h in draft.headers if h[0] != OWN_NAME]
    draft.headers.insert(rng.randint(0, len(draft.headers)), odd)


def accept(rng: random.Random, draft: Draft) -> None:
    """Want another kind of answer."""
    draft.headers = [h for h in draft.headers if h[0] != "Accept"]
    values = ["text/html", JSON, "*/*", *words.VALUES]
    if rng.random() < 0.8:
        draft.headers.append(("Accept", rng.choice(values)))


def asker(rng: random.Random, draft: Draft) -> None:
    """Ask as somebody else."""
    draft.asker = rng.choice(
        ["anonymous", "anonymous", "owner", "other", "admin", "disabled"]
    )


def by_other_means(rng: random.Random, draft: Draft) -> None:
    """Show who one is by the header in place of the cookie, or otherwise."""
    draft.is_bearer = not draft.is_bearer


def foreign(rng: random.Random, draft: Draft) -> None:
    """Come from the page of another site."""
    told = [("Origin", FOREIGN), ("Sec-Fetch-Site", "cross-site")]
    draft.headers.append(rng.choice(told))


def late(rng: random.Random, draft: Draft) -> None:
    """Come after some time has passed."""
    draft.late = rng.choice(words.LATE)


# How often each is done, beside the others.
TWISTS: list[tuple[Twist, int]] = [
    *((method, 3), (path_part, 6), (path_shape, 4), (path_bytes, 2)),
    *((query, 5), (header, 8), (header_twice, 2), (header_bytes, 3)),
    *((cookie, 5), (accept, 3), (asker, 8), (by_other_means, 3)),
    *((field_value, 14), (field_name, 6), (many_fields, 1), (kind, 5)),
    *((form_secret, 2), (foreign, 2), (nested, 4), (bytes_of_body, 5)),
    *((boundary, 2), (length, 2), (large, 1), (late, 2)),
]
CHOICES, WEIGHTS = zip(*TWISTS, strict=True)
# Most requests are odd in one way or two, and would be right otherwise.
HOW_MANY = [0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 6]


def twisted(rng: random.Random, seeds: list[Draft]) -> Draft:
    """Make a request: one that works, with some twists."""
    draft = rng.choice(seeds).copy()
    if draft.is_upload and rng.random() < 0.8:
        picture(rng, draft)
        draft.twists.append("picture")
    count = rng.choice(HOW_MANY)
    for twist in rng.choices(CHOICES, WEIGHTS, k=count):
        twist(rng, draft)
        draft.twists.append(twist.__name__)
    return draft
