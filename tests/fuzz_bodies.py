"""Twists of what a request carries: its fields, its body, its picture."""

import json
import random
from typing import Any

import fuzz_words as words
from fuzz_drafts import Draft, File, kind_of_parts
from fuzz_pictures import damaged
from hostility import FORM, JSON


def field_value(rng: random.Random, draft: Draft) -> None:
    """Put something odd into a field."""
    if draft.fields:
        at = rng.randrange(len(draft.fields))
        value: Any = rng.choice(words.ODD)
        if JSON in draft.kind and rng.random() < 0.5:
            value = odd_value(rng)
        draft.fields[at] = (draft.fields[at][0], value)


def odd_value(rng: random.Random, depth: int = 0) -> Any:
    """Make a value of another type than any field has."""
    leaves = [None, True, False, 0, -1, 2**63, 10**400, 1.5, 1e308, "x", ""]
    roll = rng.random()
    if depth > 2 or roll < 0.6:
        return rng.choice(leaves)
    if roll < 0.8:
        return [odd_value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    return {rng.choice(words.FIELDS): odd_value(rng, depth + 1)}


def field_name(rng: random.Random, draft: Draft) -> None:
    """Leave a field out, send it twice, or call it something else."""
    roll = rng.randrange(4)
    if draft.fields and roll:
        at = rng.randrange(len(draft.fields))
        name, value = draft.fields[at]
        if roll == 1:
            del draft.fields[at]
        elif roll == 2:
            again = rng.choice([value, rng.choice(words.ODD)])
            draft.fields.append((name, again))
        else:
            odd = [name.upper(), f"{name}[]", f" {name}", f"{name}\x00", ""]
            draft.fields[at] = (rng.choice(odd), value)
        return
    name = rng.choice(words.FIELDS)
    draft.fields.append((name, rng.choice([True, 1, *words.ODD])))


def many_fields(rng: random.Random, draft: Draft) -> None:
    """Send very many fields."""
    count = rng.choice([50, 1100, 5000])
    draft.fields += [(f"f{n}", "x") for n in range(count)]


def form_secret(rng: random.Random, draft: Draft) -> None:
    """Send a form without its secret, or with another."""
    others = [pair for pair in draft.fields if pair[0] != "csrf_token"]
    if rng.random() < 0.6:
        others.append(("csrf_token", rng.choice(["", "x" * 43, "\ud800"])))
    draft.fields = others


def kind(rng: random.Random, draft: Draft) -> None:
    """Call the body something else, or write it in another way."""
    ways = [FORM, JSON, kind_of_parts(), *words.KINDS]
    draft.kind = rng.choice(ways)


def nested(rng: random.Random, draft: Draft) -> None:
    """Send JSON that is deep, wide, huge, or hardly JSON."""
    deep = rng.choice([10, 300, 2000, 60_000])
    draft.kind = JSON
    name = draft.fields[0][0] if draft.fields else "email"
    draft.raw = rng.choice(
        [
            b"[" * deep + b"]" * deep,
            b'{"a":' * deep + b"1" + b"}" * deep,
            b'{"%s": %s}' % (name.encode("utf-8", "replace"), b"9" * deep),
            b'{"%s": 1e%d}' % (name.encode("utf-8", "replace"), deep),
            b'{"email": "\\ud800", "password": "\\udfff\\u0000"}',
            json.dumps({name: "x"}).encode("utf-16"),
            b"\xef\xbb\xbf" + json.dumps({name: "x"}).encode(),
            b'{"email": NaN, "password": Infinity}',
            b'{"email": "a@b.c",}',
            b'{"email": "a@b.c"} {"email": "d@e.f"}',
            b'"text"',
            b"null",
            b"[]",
            b"",
            b"\x00" * deep,
        ]
    )


def bytes_of_body(rng: random.Random, draft: Draft) -> None:
    """Cut the body, flip bits of it, or repeat a piece."""
    seed = rng.random()

    def damage(body: bytes) -> bytes:
        """Do it."""
        return scarred(random.Random(seed), body)

    draft.damage.append(damage)


def scarred(rng: random.Random, body: bytes) -> bytes:
    """Change a few bytes of something."""
    found = bytearray(body)
    for _ in range(rng.randint(1, 4)):
        if not found:
            break
        at = rng.randrange(len(found))
        roll = rng.randrange(5)
        if roll == 0:
            del found[at:]
        elif roll == 1:
            found[at] ^= 1 << rng.randrange(8)
        elif roll == 2:
            found[at:at] = found[at : at + rng.randint(1, 40)]
        elif roll == 3:
            found[at:at] = bytes([rng.choice([0, 10, 13, 34, 37, 92, 255])])
        else:
            del found[at : at + rng.randint(1, 9)]
    return bytes(found)


def boundary(rng: random.Random, draft: Draft) -> None:
    """Send a form in parts whose seams are not what they seem."""
    draft.kind = kind_of_parts()

    def damage(body: bytes) -> bytes:
        """Change a seam or a header of a part."""
        old, new = random.Random(seed).choice(SEAMS)
        # Long ones only here and there: of thousands of fields each would
        # grow, and what has grown would grow again.
        most = 20 if len(new) > MUCH else -1
        return body.replace(old, new, most)

    seed = rng.random()
    draft.damage.append(damage)


MUCH = 1000
SEAMS = [
    (b"--yyyyyyyy--", b""),
    (b"--yyyyyyyy--", b"--yyyyyyyy"),
    (b"--yyyyyyyy", b"--yyyyyyy"),
    (b"\r\n", b"\n"),
    (b"\r\n\r\n", b"\r\n"),
    (b"form-data", b"attachment"),
    (b'name="', b"name*=utf-8''%ff; name=\""),
    (b'name="', b"name="),
    (b"Content-Disposition", b"Content-Transfer-Encoding: base64\r\nC-D"),
    (b"Content-Type: image/png", b"Content-Type: " + b"x" * 5000),
    (b"image/png", b"multipart/mixed; boundary=yyyyyyyy"),
    (b"--yyyyyyyy\r\n", b"--yyyyyyyy\r\n" * 1200),
    (b"\r\n\r\n", b"\r\nX: " + b"h" * 70_000 + b"\r\n\r\n"),
    (b'filename="', b'filename="../../'),
    (b'filename="', b'filename="\x00'),
]


def length(rng: random.Random, draft: Draft) -> None:
    """Say another length of the body than it has, or none."""
    lengths = [None, "0", "-1", "x", "9" * 30, "1", "70000", "3000000", "1,1"]
    draft.length = rng.choice(lengths)
    draft.is_chunked = rng.random() < 0.3


def large(rng: random.Random, draft: Draft) -> None:
    """Send more than anybody reads."""
    size = rng.choice([60_000, 70_000, 300_000, 2_200_000])
    draft.damage.append(lambda body: body + b"a" * size)


def picture(rng: random.Random, draft: Draft) -> None:
    """Send another picture, or one that is damaged."""
    if not draft.is_upload:
        return
    content = damaged(rng)
    if draft.raw is not None:
        draft.raw = content
        draft.kind = rng.choice(
            ["image/png", "image/jpeg", "image/svg+xml", draft.kind]
        )
    names = ["me.png", "me.jpg", "me.svg", "../x", "", "\x00.png", "é.jpeg"]
    draft.fields = [
        (n, File(rng.choice(names), content) if isinstance(v, File) else v)
        for n, v in draft.fields
    ]
