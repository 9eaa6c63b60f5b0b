"""The fuzz: requests that work, twisted, one after another, and looked at.

Each request is made of the seed and its own number alone, and meets the
same rows, so that it can be asked again by itself.
"""

import random
import time
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from flask import Flask, request, request_started

from conftest import TurnableClock
from fuzz_drafts import Draft, as_curl
from fuzz_eyes import (
    Odd,
    Tally,
    is_forged,
    is_kept,
    look_at,
    look_for_marks,
    see,
    takes_a_secret,
)
from fuzz_pictures import Forks
from fuzz_seeds import seeds
from fuzz_stage import FuzzStage, fuzz_stage
from fuzz_twists import twisted
from hostility import Answer, Knock, asked
from vestibule.auth import Auth
from vestibule.capabilities.pictures import processor
from vestibule.history import Circumstances, circumstances

# What is set so high that nobody is told to wait, and names are shown.
OPEN = {
    "attempts_per_account": "1000000",
    "attempts_per_address": "1000000",
    "name_fields": "true",
}
# One upload of so many has a process of its own, as all have in service.
AS_IN_SERVICE = 20
# How many of all requests are for pages, which take far longer than others.
PAGES = 0.35
ACTING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass
class Finding:
    """A request that was answered as none shall be."""

    number: int
    what: str
    knock: Knock
    status: int
    twists: list[str]

    def __str__(self) -> str:
        return (
            f"request {self.number}: {self.what} (answered {self.status}, "
            f"twisted by {', '.join(self.twists) or 'nothing'})\n"
            f"  {as_curl(self.knock)[:3000]}\n  {repr(self.knock)[:3000]}"
        )


@dataclass
class Fuzz:
    """A stage, and what was found on it."""

    stage: FuzzStage
    clock: TurnableClock
    seed: int = 1
    tally: Tally = field(default_factory=Tally)
    findings: list[Finding] = field(default_factory=list)
    asked_for: str = ""
    forks: Forks = field(default_factory=Forks)
    drawn: int = 0

    def __post_init__(self) -> None:
        """Learn what works, and how all is before anybody asks."""
        found = seeds(self.stage)
        self.pages = [draft for draft in found if draft.is_for_people]
        self.programs = [d for d in found if not d.is_for_people]
        self.vera = self.stage.vera()
        self.began = self.clock.moment

    def draft(self, number: int) -> Draft:
        """Make the request of a number, always the same."""
        rng = random.Random(f"{self.seed}:{number}")
        is_page = rng.random() < PAGES
        return twisted(rng, self.pages if is_page else self.programs)

    def one(self, number: int) -> None:
        """Send one request, and look at what comes back."""
        draft = self.draft(number)
        asker = self.stage.askers[draft.asker]
        knock = draft.knock(self._credentials(draft), asker.form)
        self.clock.moment = self.began + draft.late
        answer = Answer(0, [], b"")
        self.asked_for = ""
        begun = time.perf_counter()
        try:
            answer = asked(self.stage.app, knock)
            took = time.perf_counter() - begun
            self._look(draft, knock, answer)
        except Exception as error:  # noqa: BLE001
            took = time.perf_counter() - begun
            self._find(number, error, draft, knock, answer)
        self._count(number, draft, knock, answer, took)
        self.clock.moment = self.began
        self.stage.put_back()

    def _credentials(self, draft: Draft) -> dict[str, str]:
        """Say who somebody is, by their cookies or as a bearer."""
        asker = self.stage.askers[draft.asker]
        if draft.is_bearer and asker.token:
            return {"Authorization": f"Bearer {asker.token}"}
        cookies = f"vestibule_visit={asker.visit}; {self.stage.opened}"
        if asker.token:
            cookies += f"; session_id={asker.token}"
        return {"Cookie": cookies}

    def _look(self, draft: Draft, knock: Knock, answer: Answer) -> None:
        """See that an answer is fit to be seen, and did what it said."""
        if answer.status == 503 and self._is_busy(draft, answer):
            return
        look_at(knock, answer)
        asker = self.stage.askers[draft.asker]
        name = asker.user.username if asker.user else ""
        is_admin = draft.asker == "admin"
        look_for_marks(knock, answer, name, is_admin=is_admin)
        see(circumstances() == Circumstances(), "circumstances outlive it")
        if True in self.stage.writes:
            self._look_at_changes(draft, knock, answer)

    def _is_busy(self, draft: Draft, answer: Answer) -> bool:
        """Tell whether a 503 is that of too slow a machine for a picture."""
        is_meant = draft.is_upload and answer.get("retry-after") != ""
        self.tally.busy += is_meant
        return is_meant

    def _look_at_changes(
        self, draft: Draft, knock: Knock, answer: Answer
    ) -> None:
        """See that what was written was for this request to write."""
        self.stage.auth.sessions.slides.settle()
        is_page = takes_a_secret(self.asked_for)
        form = self.stage.askers[draft.asker].form
        method = knock.method.upper()
        is_still = answer.status >= 400 or method not in ACTING
        if is_still or is_forged(knock, form, is_page=is_page):
            kept = is_kept(self.asked_for, draft.late)
            changed = self.stage.changed() - kept
            see(not changed, f"refused or forged, it changed {changed}")
        self.tally.changes += True in self.stage.writes
        if draft.asker != "admin" and "vestibule_users" in self.stage.touched:
            see(self.stage.vera() == self.vera, "it changed what is Vera's")

    def _find(
        self,
        number: int,
        error: Exception,
        draft: Draft,
        knock: Knock,
        answer: Answer,
    ) -> None:
        """Keep a request that was not answered as it should be."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__} at {place.name}:{place.lineno}"
        if isinstance(error, Odd):
            what = str(error)
        small = self._smaller(draft, knock, what) if answer.status else knock
        self.findings.append(
            Finding(number, what, small, answer.status, draft.twists)
        )

    def _smaller(self, draft: Draft, knock: Knock, what: str) -> Knock:
        """Leave out headers as long as the answer stays as bad."""
        for at in reversed(range(len(knock.headers))):
            headers = knock.headers[:at] + knock.headers[at + 1 :]
            less = replace(knock, headers=headers)
            self.stage.put_back()
            try:
                self._look(draft, less, asked(self.stage.app, less))
            except Odd as again:
                if str(again) == what:
                    knock = less
            except Exception:  # noqa: BLE001
                # Another fault, which is none of this one.
                continue
        return knock

    def _count(
        self,
        number: int,
        draft: Draft,
        knock: Knock,
        answer: Answer,
        took: float,
    ) -> None:
        """Count a request and its answer."""
        self.tally.note(number, knock, answer.status, self.asked_for, took)
        self.tally.askers[draft.asker] += 1
        self.tally.twists.update(draft.twists)
        self.tally.pictures += draft.is_upload

    def routes(self) -> tuple[set[str], set[str]]:
        """Say which routes there are, and which of them were asked."""
        rules = self.stage.app.url_map.iter_rules()
        every = {rule.endpoint for rule in rules}
        every |= {*self.stage.app.extensions["vestibule"].front.places}
        return every, every & self.tally.reached()


@contextmanager
def fuzzed(
    app: Flask, auth: Auth, clock: TurnableClock, seed: int = 1
) -> Iterator[Fuzz]:
    """Set the stage, and listen which route each request comes to."""
    with fuzz_stage(app, auth, clock) as stage:
        made = Fuzz(stage, clock, seed)

        def note(_: Any, **__: Any) -> None:
            """Note where a request has come to."""
            made.asked_for = request.endpoint or "nowhere"

        service = processor._ask

        def ask(content: bytes) -> bytes:
            """Draw in a fork, and now and then as in service."""
            made.drawn += 1
            is_turn = made.drawn % AS_IN_SERVICE == 0
            return service(content) if is_turn else made.forks.ask(content)

        with (
            request_started.connected_to(note, app),
            mock.patch.object(processor, "_ask", ask),
            closing(made.forks),
        ):
            yield made
