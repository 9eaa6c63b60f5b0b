"""A client that solves the challenges of a proof of work, by ALTCHA."""

import html
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import altcha
import pytest
from werkzeug.test import TestResponse

from vestibule.errors import TooMany
from vestibule.history import Circumstances, under

HERE = "192.0.2.1"


def solution(challenge: Any) -> str:
    """Solve a challenge, and pack what was found as it is sent."""
    asked = altcha.Challenge.from_dict(challenge)
    found = altcha.solve_challenge(asked)
    assert found is not None
    return altcha.Payload(asked, found).to_base64()


def asked_by_page(response: TestResponse) -> Any:
    """Read the challenge on a page; None if there is none."""
    found = re.search(r'data-challenge="([^"]+)"', response.text)
    return found and json.loads(html.unescape(found[1]))


def asked_by_api(response: TestResponse) -> Any:
    """Read the challenge of a problem document; None if there is none."""
    assert response.mimetype == "application/problem+json"
    return (response.json or {}).get("proof_of_work")


def asked_in_the_head(response: TestResponse) -> Any:
    """Read the challenge of the classic door; None if there is none."""
    packed = response.headers.get("Vestibule-Challenge")
    return packed and json.loads(b64decode(packed))


@contextmanager
def bringing(what: str = "", address: str = HERE) -> Iterator[None]:
    """Act from somewhere, with a solution or without."""
    with under(Circumstances(address=address, solution=what)):
        yield


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[TooMany]]:
    """Expect that there were too many attempts."""
    with pytest.raises(TooMany) as told:
        yield told
