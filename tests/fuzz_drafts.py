"""Drafts: requests of the fuzz before they are sent, in parts to twist."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_from_bytes

from hostility import FORM, JSON, MULTIPART, Knock

# What a request says where its sender's own form token and name belong.
OWN_FORM, OWN_NAME = "own-form-token", "Own-Name"
BOUNDARY = "yyyyyyyy"
Pair = tuple[str, Any]


@dataclass
class File:
    """A file in a field of a form."""

    name: str
    content: bytes


@dataclass
class Draft:
    """A request that is still being written.

    ``raw`` is the body as it is; without one it is made of ``fields``.
    """

    asker: str
    method: str
    path: str
    query: str = ""
    fields: list[Pair] = field(default_factory=list)
    kind: str = ""
    raw: bytes | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    is_bearer: bool = False
    length: str | None = ""
    is_chunked: bool = False
    late: int = 0
    # Done to the body after it is written.
    damage: list[Callable[[bytes], bytes]] = field(default_factory=list)
    twists: list[str] = field(default_factory=list)

    def copy(self) -> "Draft":
        """Give a draft that can be twisted without changing this one."""
        return replace(
            self,
            fields=list(self.fields),
            headers=list(self.headers),
            damage=[],
            twists=[],
        )

    @property
    def is_for_people(self) -> bool:
        """Whether it asks for a page."""
        return any("text/html" in value for _, value in self.headers)

    @property
    def is_upload(self) -> bool:
        """Whether it brings a picture."""
        return self.kind.startswith("image/") or any(
            isinstance(value, File) for _, value in self.fields
        )

    def knock(self, credentials: Mapping[str, str], form: str) -> Knock:
        """Write the request as it goes out, with its sender's secrets."""
        body = self._body(form)
        for damage in self.damage:
            body = damage(body)
        sent: list[tuple[str, str]] = []
        for name, value in self.headers:
            own = [*credentials.items()] if name == OWN_NAME else []
            sent += own or [(name, value)] * (name != OWN_NAME)
        if self.kind:
            sent.append(("Content-Type", self.kind))
        return Knock(
            self.method,
            self.path,
            self.query,
            tuple(sent),
            body,
            self.length,
            self.is_chunked,
        )

    def _body(self, form: str) -> bytes:
        """Write the body, in the way its type says."""
        if self.raw is not None:
            return self.raw
        pairs = [(n, form if v == OWN_FORM else v) for n, v in self.fields]
        if not pairs:
            return b""
        if JSON in self.kind:
            return as_json(pairs)
        if MULTIPART in self.kind:
            return as_parts(pairs)
        return as_form(pairs)


def as_json(pairs: list[Pair]) -> bytes:
    """Write an object in which a name may stand twice."""
    members = [f"{json.dumps(n)}: {json.dumps(_told(v))}" for n, v in pairs]
    return ("{" + ", ".join(members) + "}").encode()


def _told(value: Any) -> Any:
    """Say a file as JSON can say it."""
    return value.name if isinstance(value, File) else value


def as_form(pairs: list[Pair]) -> bytes:
    """Write a form as browsers do, of whatever is in it."""
    return b"&".join(_escaped(n) + b"=" + _escaped(v) for n, v in pairs)


def _escaped(value: Any) -> bytes:
    """Escape one name or value of a form."""
    return quote_from_bytes(_bytes(value), safe=" ").replace(" ", "+").encode()


def _bytes(value: Any) -> bytes:
    """Say anything in bytes."""
    if isinstance(value, File):
        return value.name.encode("utf-8", "surrogatepass")
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


def as_parts(pairs: list[Pair]) -> bytes:
    """Write a form in parts, with its files."""
    parts = []
    for name, value in pairs:
        said = b'Content-Disposition: form-data; name="' + _bytes(name) + b'"'
        content = _bytes(value)
        if isinstance(value, File):
            said += b'; filename="' + content + b'"\r\n'
            said += b"Content-Type: image/png"
            content = value.content
        parts.append(b"--%s\r\n%s\r\n\r\n" % (BOUNDARY.encode(), said))
        parts += [content, b"\r\n"]
    return b"".join([*parts, b"--%s--\r\n" % BOUNDARY.encode()])


def kind_of_parts() -> str:
    """Name the type of a form in parts."""
    return f"{MULTIPART}; boundary={BOUNDARY}"


def as_curl(knock: Knock) -> str:
    """Write a request as somebody sends it by hand.

    What no URL or shell can hold is escaped; the bytes of the body stand
    in Python's way of writing them.
    """
    path = quote_from_bytes(knock.path.encode("latin-1"), safe="/%:;,+=@!$'()")
    query = f"?{knock.query}" if knock.query else ""
    words = [f"curl -i -X {knock.method!r}"]
    words += [f"-H {f'{name}: {value}'!r}" for name, value in knock.headers]
    if knock.length:
        words.append(f"-H 'Content-Length: {knock.length}'")
    if knock.is_chunked:
        words.append("-H 'Transfer-Encoding: chunked'")
    if knock.body:
        words.append(f"--data-binary $'{repr(knock.body)[2:-1]}'")
    return " ".join([*words, repr(f"http://localhost:5000{path}{query}")])


__all__ = ["FORM", "JSON", "MULTIPART", "OWN_FORM", "OWN_NAME"]
