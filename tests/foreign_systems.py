"""Other systems and the hashes they keep, made by their own code.

Werkzeug, Django and bcrypt are the real libraries. WordPress and phpBB are
PHP; theirs are computed here after their published sources, and by nothing
that Vestibule uses itself.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import bcrypt
import django.conf  # type: ignore[import-untyped]
from argon2 import PasswordHasher, Type
from django.contrib.auth import hashers  # type: ignore[import-untyped]
from werkzeug.security import generate_password_hash

Make = Callable[[str], str]

if not django.conf.settings.configured:
    django.conf.settings.configure()

PHPASS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# The vectors that others publish: password, hash.
PUBLISHED = {
    # openwall.com/phpass, test.php.
    "phpass of Openwall": ("test12345", "$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
    # The page of passlib.hash.phpass.
    "phpass of passlib": ("password", "$P$8ohUJ.1sdFw09/bMaAQPTGDNi2BIUt1"),
    # codex.wordpress.org/Function_Reference/wp_hash_password.
    "phpass of WordPress": ("test", "$P$B55D6LjfHDkINU5wF.v2BuuzO0/XPk/"),
    # hashcat.net/wiki/doku.php?id=example_hashes, mode 400.
    "phpass of phpBB": ("hashcat", "$H$984478476IagS59wHZvyQMArzfx58u."),
    # openwall.com/crypt, wrapper.c of crypt_blowfish.
    "bcrypt of 72 bytes": (
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
        "0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
    ),
    "bcrypt of Openwall": (
        "U*U",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ),
}


def with_bcrypt(password: str, cost: int = 4, kind: str = "2b") -> str:
    """Hash as a program that uses bcrypt did while it still cut."""
    salt = bcrypt.gensalt(cost)
    hashed = bcrypt.hashpw(password.encode()[:72], salt).decode()
    return f"${kind}${hashed[4:]}"


def with_wordpress(password: str, cost: int = 4) -> str:
    """Hash as WordPress 6.8 does, but for the spaces it takes off."""
    keyed = hmac.new(b"wp-sha384", password.encode(), hashlib.sha384)
    digest = base64.b64encode(keyed.digest())
    hashed = bcrypt.hashpw(digest, bcrypt.gensalt(cost)).decode()
    return f"$wp$2y${hashed[4:]}"


def with_phpass(
    password: str,
    rounds: int = 7,
    kind: str = "P",
    salt: str = "saltsalt",
) -> str:
    """Hash as the portable hashes of phpass are written."""
    typed = password.encode()
    digest = hashlib.md5(salt.encode() + typed).digest()
    for _ in range(1 << rounds):
        digest = hashlib.md5(digest + typed).digest()
    written = ""
    for start in range(0, 16, 3):
        piece = digest[start : start + 3]
        value = int.from_bytes(piece, "little")
        for _ in range(len(piece) + 1):
            written += PHPASS[value & 63]
            value >>= 6
    return f"${kind}${PHPASS[rounds]}{salt}{written}"


def with_django(
    hasher: type[hashers.BasePasswordHasher], **costs: int
) -> Make:
    """Hash as Django does, with one of its hashers made cheap."""
    cheap = type("Cheap", (hasher,), costs)
    return lambda password: str(hashers.make_password(password, None, cheap()))


def with_django_bcrypt(password: str) -> str:
    """Hash as Django did while the library below it still cut."""
    if len(password.encode()) > 72:
        return f"bcrypt${with_bcrypt(password)}"
    make = with_django(hashers.BCryptPasswordHasher, rounds=4)
    return make(password)


def with_argon2(kind: Type, **costs: Any) -> Make:
    """Hash as a program that uses argon2 does."""
    hasher = PasswordHasher(type=kind, **costs)
    return hasher.hash


def with_werkzeug(method: str) -> Make:
    """Hash as Werkzeug does, and Flask applications with it."""
    return lambda password: generate_password_hash(password, method=method)


# Each kind with costs that are quick, and with those it has by itself.
CHEAP: dict[str, Make] = {
    "bcrypt 2b": with_bcrypt,
    "bcrypt 2a": lambda password: with_bcrypt(password, kind="2a"),
    "bcrypt 2y": lambda password: with_bcrypt(password, kind="2y"),
    "werkzeug scrypt": with_werkzeug("scrypt:1024:8:1"),
    "werkzeug pbkdf2 sha1": with_werkzeug("pbkdf2:sha1:10"),
    "werkzeug pbkdf2 sha256": with_werkzeug("pbkdf2:sha256:10"),
    "werkzeug pbkdf2 sha512": with_werkzeug("pbkdf2:sha512:10"),
    "django pbkdf2_sha256": with_django(
        hashers.PBKDF2PasswordHasher, iterations=10
    ),
    "django pbkdf2_sha1": with_django(
        hashers.PBKDF2SHA1PasswordHasher, iterations=10
    ),
    "django argon2": with_django(
        hashers.Argon2PasswordHasher, time_cost=1, memory_cost=64
    ),
    "django scrypt": with_django(
        hashers.ScryptPasswordHasher, work_factor=64, parallelism=2
    ),
    "django bcrypt_sha256": with_django(
        hashers.BCryptSHA256PasswordHasher, rounds=4
    ),
    "django bcrypt": with_django_bcrypt,
    "wordpress 6.8": with_wordpress,
    "wordpress before": with_phpass,
    "phpbb": lambda password: with_phpass(password, kind="H"),
    "argon2i": with_argon2(Type.I, time_cost=1, memory_cost=16, parallelism=2),
    "argon2id": with_argon2(
        Type.ID, time_cost=2, memory_cost=32, parallelism=1
    ),
}
REAL: dict[str, Make] = {
    "bcrypt": lambda password: with_bcrypt(password, 12),
    "werkzeug scrypt": generate_password_hash,
    "werkzeug pbkdf2": with_werkzeug("pbkdf2"),
    "django pbkdf2_sha256": with_django(hashers.PBKDF2PasswordHasher),
    "django pbkdf2_sha1": with_django(hashers.PBKDF2SHA1PasswordHasher),
    "django argon2": with_django(hashers.Argon2PasswordHasher),
    "django scrypt": with_django(hashers.ScryptPasswordHasher),
    "django bcrypt_sha256": with_django(hashers.BCryptSHA256PasswordHasher),
    "wordpress 6.8": lambda password: with_wordpress(password, 10),
    "wordpress before": lambda password: with_phpass(password, 13),
    "phpbb": lambda password: with_phpass(password, 11, "H"),
    "argon2id of PHP": with_argon2(
        Type.ID, time_cost=4, memory_cost=65536, parallelism=1
    ),
    "argon2id of libsodium": with_argon2(
        Type.ID, time_cost=3, memory_cost=262144, parallelism=1
    ),
}
