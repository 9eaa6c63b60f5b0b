"""What our source does with keys, hashes and chance: read, and tried out."""

import ast
import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from processes import SOURCE
from vestibule.ground.randomness import Randomness

FILES = sorted((SOURCE / "vestibule").rglob("*.py"))
# What reads hashes that other systems have made, of every age.
FOREIGN = "capabilities/passwords/derivations.py"
# The index of the list of common passwords protects nothing.
INDEX = "capabilities/passwords/policy.py"
DIGESTS = {
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "blake2b",
    "blake2s", "sha3_256", "new", "file_digest", "pbkdf2_hmac", "scrypt",
}  # fmt: skip
# Libraries and parts of them with which one makes ciphers of one's own.
CIPHERS = re.compile(
    r"Crypto|Cryptodome|nacl|rsa|ecdsa|jose|jwt|pyaes|M2Crypto|tink|"
    r"cryptography\.fernet|cryptography\.hazmat\.decrepit|"
    r"cryptography\.hazmat\.primitives\.(padding|asymmetric\.padding|"
    r"ciphers(?!\.aead\.(AESGCM|ChaCha20Poly1305)$))"
)
SECRET = re.compile(
    r"(^|_)(tokens?|secrets?|fingerprint|print_?|digest|mac|signature|seal|"
    r"passwords?|hash(ed)?(_password)?|tickets?|nonce|mark|code_hash)$"
)
# What is compared and is no secret of ours, with the reason.
TYPED_TWICE = "both sides come from one form"
NO_SECRETS = {
    ("capabilities/audit/sealing.py", "seal"): "a number of rows",
    ("capabilities/email_changes/operations.py", "fingerprint"): "in SQL",
    ("capabilities/sessions/devices.py", "fingerprint"): "in SQL",
    ("capabilities/password_reset/forms.py", "password"): TYPED_TWICE,
    ("capabilities/passwords/forms.py", "new_password"): TYPED_TWICE,
    ("doctor/probe.py", "nonce"): "asked of oneself, and used once",
    ("doors/files.py", "mark"): "a file that everybody may have",
    ("doors/mailed_links.py", "mark"): "both sides come from one browser",
}


def place(file: Path) -> str:
    """Name a file below the package."""
    return str(file.relative_to(SOURCE / "vestibule"))


def imported(tree: ast.AST) -> Iterator[str]:
    """Name every module and every name that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{a.name}" for a in node.names)


def digests(tree: ast.AST) -> Iterator[str]:
    """Name every digest that is used or only named as one."""
    for name in imported(tree):
        if name.startswith("hashlib."):
            yield name.partition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if ast.unparse(node.value) == "hashlib":
                yield node.attr
        elif isinstance(node, ast.Call) and "hmac" in ast.unparse(node.func):
            for part in (*node.args, *(k.value for k in node.keywords)):
                if isinstance(part, ast.Constant) and part.value in DIGESTS:
                    yield str(part.value)


def last_name(node: ast.expr) -> str:
    """Say by what name a value goes, a part of another one as well."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        inner = node.slice
        return str(inner.value) if isinstance(inner, ast.Constant) else ""
    return node.id if isinstance(node, ast.Name) else ""


def is_column(node: ast.expr) -> bool:
    """Tell whether a value is a column of a record, compared by SQL."""
    return isinstance(node, ast.Attribute) and (
        ast.unparse(node.value)[:1].isupper()
    )


def compared(tree: ast.AST) -> Iterator[str]:
    """Name the secrets that are compared in a time that tells of them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if any(isinstance(side, ast.Constant) for side in sides):
            continue
        found = [*filter(SECRET.search, map(last_name, sides))]
        # To be in a text is no comparison; to be among secrets is.
        least = 1 if isinstance(node.ops[0], ast.Eq | ast.NotEq) else 2
        if len(found) >= least and not any(map(is_column, sides)):
            yield found[0]


@pytest.mark.asvs("11.2.1", "11.3.1", "11.3.2", "11.4.1", "11.4.3")
def test_ciphers_are_aes_gcm_and_digests_are_sha_256() -> None:
    found: dict[str, set[str]] = {}
    for file in FILES:
        tree = ast.parse(file.read_text("utf-8"))
        ciphers = {n for n in imported(tree) if CIPHERS.match(n)}
        assert not ciphers, (place(file), ciphers)
        if used := {*digests(tree)} - {"sha256"}:
            found[place(file)] = used

    assert set(found) <= {FOREIGN, INDEX}
    assert found[INDEX] == {"sha1"}
    # By one of these it tries a password, and makes no hash of its own.
    assert found[FOREIGN] <= {"sha384", "pbkdf2_hmac", "scrypt", "new"}


@pytest.mark.asvs("11.2.4")
def test_secrets_are_compared_in_a_time_that_tells_nothing() -> None:
    found = {
        (place(file), name)
        for file in FILES
        for name in compared(ast.parse(file.read_text("utf-8")))
    }

    assert found == {*NO_SECRETS}


@pytest.mark.asvs("11.2.1", "11.2.4", "11.3.1", "11.4.1")
@pytest.mark.parametrize(
    "source",
    [
        "from Crypto.Cipher import AES",
        "from cryptography.fernet import Fernet",
        "from cryptography.hazmat.primitives import ciphers",
        "from cryptography.hazmat.primitives.asymmetric.padding import OAEP",
        "from cryptography.hazmat.primitives.ciphers.aead import AESCCM",
        "from cryptography.hazmat.primitives.ciphers.modes import ECB",
    ],
)
def test_a_cipher_is_found(source: str) -> None:
    assert any(map(CIPHERS.match, imported(ast.parse(source))))


@pytest.mark.asvs("11.2.4", "11.4.1")
@pytest.mark.parametrize(
    ("source", "digest", "secret"),
    [
        ("import hashlib\nhashlib.md5(x)", "md5", ""),
        ("from hashlib import sha1", "sha1", ""),
        ("import hmac\nhmac.digest(key, text, 'md5')", "md5", ""),
        ("if token == given: pass", "", "token"),
        ("x = given != row.hashed_password", "", "hashed_password"),
        ("if row['secret'] == given: pass", "", "secret"),
        ("if ticket in tickets: pass", "", "ticket"),
        ("if fingerprint(token) == kept: pass", "", "fingerprint"),
    ],
)
def test_a_weak_digest_and_a_loose_comparison_are_found(
    source: str, digest: str, secret: str
) -> None:
    tree = ast.parse(source)

    assert {*digests(tree)} == ({digest} if digest else set())
    assert {*compared(tree)} == ({secret} if secret else set())


# -- chance -----------------------------------------------------------------

# What is drawn of few digits or sorts by its time, and why it may be.
NO_TOKENS = {
    "row_id": {
        "history.py",
        "outbox.py",
        "doors/mail.py",
        "doors/request_ids.py",
    }
    | {"ground/saved_key.py", "backups.py"}
    | {"capabilities/audit/waiting.py"},
    # The spare digits of a username; and a mailed code, whose tries are few,
    # or which is in a letter that nobody gets.
    "digits": {"db.py", "mailed_tokens.py", "testing/__init__.py"}
    | {"capabilities/mailed_sign_in/asking.py"}
    | {"capabilities/registration/operations.py"}
    | {"capabilities/importing/operations.py"},
}


@pytest.mark.asvs("11.5.1", "11.2.3")
def test_what_opens_anything_is_a_token_of_256_bits() -> None:
    for method, known in NO_TOKENS.items():
        drawing = {
            place(file)
            for file in FILES
            if re.search(rf"\.{method}\(", file.read_text("utf-8"))
        }
        assert drawing <= known, method

    token, key = Randomness().token(), Randomness().key()
    assert re.fullmatch(r"[\w-]{43}", token)
    assert re.fullmatch(r"[0-9a-f]{64}", key)


def drawn(many: int = 200) -> list[str]:
    """Draw tokens, digits and numbers of rows, whatever was seeded."""
    random.seed(1)
    chance = Randomness()
    return [
        text
        for _ in range(many)
        for text in (chance.token(), chance.digits(30), str(chance.row_id()))
    ]


def forked() -> int:
    """Draw in a process of its own; give the end that tells what it drew."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            with os.fdopen(writing, "w") as told:
                told.write(" ".join(drawn()))
        finally:
            os._exit(0)
    os.close(writing)
    return reading


@pytest.mark.asvs("11.5.2")
def test_no_process_and_no_thread_draws_what_another_has_drawn() -> None:
    before = drawn()
    pipes = [forked() for _ in range(3)]
    with ThreadPoolExecutor(4) as threads:
        lots = [before, *threads.map(drawn, [200] * 4)]
    for pipe in pipes:
        with os.fdopen(pipe) as telling:
            lots.append(telling.read().split())
        os.wait()

    assert [len(lot) for lot in lots] == [600] * 8
    assert len({text for lot in lots for text in lot}) == 8 * 600
