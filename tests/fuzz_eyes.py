"""Eyes: what the fuzz looks for in every answer, and what it counts."""

import heapq
import json
from collections import Counter
from dataclasses import dataclass, field

from conftest import PASSWORD
from fuzz_stage import MARKS
from fuzz_twists import FOREIGN
from hostility import (
    LEAKS,
    WITHIN,
    Answer,
    Knock,
    assert_dressed,
    assert_frugal_with_cookies,
)

# Each leak that LEAKS describes holds one of these; to look for them in a
# page takes a hundredth of the time.
HINTS = [
    *(b"traceback", b"sqlalchemy", b"psycopg", b"sqlite", b"werkzeug"),
    *(b"insert into", b"vestibule_users", b"$argon2", b"9e2f61c07ab84d35"),
    *(b'file "/', b"site-packages", b" from vestibule"),
]
SPOKEN = ("argon2", "9e2f61c07ab84d35", "Traceback", "site-packages")
SLOW = 2.0
TRIES = {
    "vestibule.email_verification.enter_code",
    "vestibule.api.email_verification.confirm_by_code",
}


class Odd(AssertionError):
    """An answer is not as every answer shall be."""


def see(is_right: object, what: str) -> None:
    """Refuse an answer unless something holds of it.

    Raises:
        Odd: it does not.
    """
    if not is_right:
        raise Odd(what)


def look_at(knock: Knock, answer: Answer) -> None:
    """See that an answer tells, sets and leads to nothing it must not.

    Raises:
        AssertionError: it does.
    """
    see(200 <= answer.status < 500, f"status {answer.status}")
    kind = answer.get("content-type").partition(";")[0]
    lowered = answer.body.lower()
    if any(hint in lowered for hint in HINTS):
        is_sent = any(knock.holds(word) for word in SPOKEN)
        see(is_sent or not LEAKS.search(answer.text), "it leaks")
    if kind == "text/html":
        see(b"<i data-hostile" not in answer.body, "markup as it was sent")
    elif kind.endswith("json") and answer.body:
        told = json.loads(answer.body)
        see(isinstance(told, dict | list), "JSON of no object")
    where = answer.get("location")
    see(not where or WITHIN.fullmatch(where), "it leads elsewhere")
    if knock.method == "HEAD" or answer.status in (204, 304):
        see(answer.body == b"", "a body where there is none")
    if knock.path.startswith("/api/v1/") and answer.status >= 400:
        look_at_problem(knock, answer, kind)
    assert_dressed(answer, (knock, answer))
    assert_frugal_with_cookies(knock, answer, kind)


def look_at_problem(knock: Knock, answer: Answer, kind: str) -> None:
    """See that a refusal of the API is a problem document.

    Source: RFC 9457; ASVS 5.0 16.5.1.
    """
    see(kind == "application/problem+json", f"a refusal in {kind!r}")
    if knock.method == "HEAD":
        return
    told = json.loads(answer.body)
    see(told["status"] == answer.status, "two statuses")
    wanted = {"type", "title", "code", "errors"}
    see(wanted <= set(told), "a member of the refusal is missing")
    see(all(isinstance(told[n], str) for n in ("title", "code")), "no words")


def look_for_marks(
    knock: Knock, answer: Answer, user: str, *, is_admin: bool
) -> None:
    """See that nobody is shown what is another's.

    Who has somebody's password or name in hand may be told their address.
    """
    if is_admin:
        return
    told = answer.body + repr(answer.headers).encode()
    for owner, mark in MARKS.items():
        if owner == user or mark.encode() not in told:
            continue
        is_theirs = owner != "vera" and knock.holds(PASSWORD)
        see(is_theirs or knock.holds(mark), f"it shows what is {owner}'s")


def is_kept(endpoint: str, late: int) -> set[str]:
    """Name the tables in which a refusal, or a look, writes on purpose."""
    kept = set()
    if endpoint in TRIES:
        # A code has five tries, each of which is written.
        kept.add("vestibule_mailed_tokens")
    if late:
        # Who comes a while later slides on.
        kept.add("vestibule_sessions")
    return kept


def is_forged(knock: Knock, form: str, *, is_page: bool) -> bool:
    """Tell whether a request must change nothing, whoever sends it.

    It comes from another site; or it is for a page, and without the secret
    of a form of its sender.
    """
    headers = [(n.lower(), v) for n, v in knock.headers]
    origins = [v for n, v in headers if n == "origin"]
    if origins == [FOREIGN]:
        return True
    return is_page and form.encode() not in knock.body


def takes_a_secret(endpoint: str) -> bool:
    """Tell whether a route acts only on a form with its sender's secret.

    The choice of a language is for everybody, and changes nothing else.
    """
    if not endpoint.startswith("vestibule.") or endpoint.endswith(".speak"):
        return False
    return not (".api." in endpoint or ".classic." in endpoint)


def door(knock: Knock, endpoint: str) -> str:
    """Say by which door a request came."""
    if not endpoint:
        return "front"
    if ".api." in endpoint or knock.path.startswith("/api/"):
        return "API"
    return "classic" if ".classic." in endpoint else "pages"


@dataclass
class Tally:
    """What was asked and answered, in numbers."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    endpoints: Counter[str] = field(default_factory=Counter)
    askers: Counter[str] = field(default_factory=Counter)
    twists: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, int, str]] = field(default_factory=list)
    pictures: int = 0
    busy: int = 0
    changes: int = 0
    count: int = 0
    hangs: int = 0

    def note(
        self,
        number: int,
        knock: Knock,
        status: int,
        endpoint: str,
        took: float,
    ) -> None:
        """Count one answer."""
        self.count += 1
        self.hangs += took > SLOW
        self.statuses[door(knock, endpoint), status] += 1
        self.endpoints[f"{knock.method} {endpoint or knock.path[:40]}"] += 1
        what = f"{knock.method} {knock.path[:60]} {status}"
        push = heapq.heappush if len(self.slowest) < 8 else heapq.heappushpop
        push(self.slowest, (took, number, what))

    def reached(self) -> set[str]:
        """Name the routes that were asked."""
        return {name.partition(" ")[2] for name in self.endpoints}
