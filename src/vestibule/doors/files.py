"""Files for everybody: kept long by browsers, and sent small.

The address of a file of ours carries the beginning of a hash of what is in
it. Such an address never shows anything else, so a browser may keep it for
a year (RFC 8246) and still gets a new version at once. Text is sent
compressed, which is safe here: nothing secret stands beside it (attack:
BREACH, which is why pages are not).
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

from flask import abort, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

FOLDER = Path(__file__).resolve().parent / "static"
YEAR, SHORT = 365 * 86400, 300
# Not by the tables of the system, which differ.
KINDS = {
    ".css": "text/css",
    ".ico": "image/vnd.microsoft.icon",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
TEXTS = {".css", ".js", ".svg"}


@dataclass(frozen=True)
class File:
    """A file in memory: what it is, plain and compressed, and its mark.

    ``packed`` is empty for pictures, which are compressed as they are.
    """

    content: bytes
    packed: bytes
    kind: str
    mark: str


def found_at(path: Path) -> File | None:
    """Read a file, again only after it changed; None if it cannot be."""
    try:
        about = path.stat()
        if not S_ISREG(about.st_mode):
            return None
        return _read(path, about.st_mtime_ns, about.st_size)
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> File:
    """Read a file as it is since a moment, and compress it."""
    content = path.read_bytes()
    is_text = path.suffix in TEXTS
    packed = gzip.compress(content, mtime=0) if is_text else b""
    kind = KINDS.get(path.suffix, "application/octet-stream")
    mark = hashlib.sha256(content).hexdigest()[:8]
    return File(content, packed, kind, mark)


def answer(file: File) -> Response:
    """Send a file, or say that the browser has it already."""
    packs = bool(file.packed) and request.accept_encodings["gzip"] > 0
    body = file.packed if packs else file.content
    response = Response(body, mimetype=file.kind)
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    if file.packed:
        response.vary.add("Accept-Encoding")
    is_named = request.args.get("v") == file.mark
    cached(response, YEAR if is_named else SHORT)
    response.cache_control.immutable = is_named
    response.set_etag(file.mark + ("-gzip" if packs else ""))
    return response.make_conditional(request)


def cached(response: Response, seconds: int = SHORT) -> Response:
    """Let anybody keep an answer for a while; it tells of nobody."""
    response.cache_control.public = True
    response.cache_control.max_age = seconds
    return response


def of_ours(name: str) -> File | None:
    """Find a file of our own by its name; what is no such file is none.

    Attack: a backup or an editor's copy that lies beside them. Source:
    OWASP ASVS 5.0 13.4.7.
    """
    path = safe_join(str(FOLDER), name)
    if path is None or Path(path).suffix not in KINDS:
        return None
    return found_at(Path(path))


def send(filename: str) -> Response:
    """Answer with a file of our own."""
    file = of_ours(filename)
    if file is None:
        abort(404)
    return answer(file)


def add_mark(endpoint: str, values: dict[str, Any]) -> None:
    """Put the mark of a file of ours into its address."""
    if endpoint == "vestibule.static" and "filename" in values:
        file = of_ours(values["filename"])
        if file is not None:
            values.setdefault("v", file.mark)
