"""Foreign hashes: those of other systems, known by how they are written."""

import re
from collections.abc import Callable

from vestibule.capabilities.passwords import derivations
from vestibule.capabilities.passwords.derivations import (
    Check,
    HashUnknown,
    Limits,
)
from vestibule.errors import Malformed, Reason

# Stands for the hash of an account that has no password; so does Django.
NONE_YET = "!"


class HashWeak(Malformed):
    """The hash is of a kind that protects no password."""

    reason = Reason(
        "password_hash.weak",
        "This kind of password hash ({kind}) is too easily broken. Write ! "
        "in its place, and its owner can set a new password by mail",
    )
    field = "password_hash"


WEAK = (
    (r"[0-9A-Fa-f]{32,128}", "a digest without salt"),
    (r"(?:md5|sha1|sha224|sha256|sha384|sha512|crypt)\$.*", "one digest"),
    (r"unsalted_(?:md5|sha1)\$.*", "a digest without salt"),
    (r"\$1\$.*|\$apr1\$.*", "md5-crypt"),
    (r"\$2x\$.*", "bcrypt with the error of 2011"),
    (r"\{(?:SSHA|SHA|SMD5|MD5|CRYPT|CLEARTEXT)\}.*", "LDAP"),
    (r"plain(?:text)?[$:].*", "no hash at all"),
)
_BCRYPT = r"(?P<bcrypt>\$2[aby]\$(?P<cost>\d\d)\$(?P<rest>[./0-9A-Za-z]{53}))"
_SALT = r"(?P<salt>[ -#%-~]{1,128})"
_BASE64 = r"(?P<base64>[0-9A-Za-z+/]{20,120}={0,2})"
_HEX = r"(?P<hex>(?:[0-9a-f]{2}){20,64})"


_ARGON2 = (
    r"(?:argon2)?(?P<plain>\$argon2(?:id|i|d)\$(?:v=(?:16|19)\$)?"
    r"m=(?P<memory>\d{1,10}),t=(?P<passes>\d{1,10}),p=(?P<lanes>\d{1,10})"
    r"\$[0-9A-Za-z+/]{11,180}\$[0-9A-Za-z+/]{16,180})"
)


_KINDS: tuple[tuple[str, Callable[[re.Match[str]], Check]], ...] = (
    (rf"(?:bcrypt\$)?{_BCRYPT}", derivations.plain_bcrypt),
    (rf"bcrypt_sha256\${_BCRYPT}", derivations.bcrypt_sha256),
    (rf"\$wp{_BCRYPT}", derivations.wordpress),
    (
        r"\$[PH]\$(?P<rounds>[./0-9A-Za-z])[./0-9A-Za-z]{8}[./0-9A-Za-z]{22}",
        derivations.phpass,
    ),
    (
        r"pbkdf2:(?P<digest>sha1|sha256|sha512):(?P<iterations>\d{1,10})"
        rf"\${_SALT}\${_HEX}",
        derivations.pbkdf2,
    ),
    (
        r"pbkdf2_(?P<digest>sha1|sha256)\$(?P<iterations>\d{1,10})"
        rf"\${_SALT}\${_BASE64}",
        derivations.pbkdf2,
    ),
    (
        rf"scrypt:(?P<n>\d{{1,10}}):(?P<r>\d{{1,5}}):(?P<p>\d{{1,5}})"
        rf"\${_SALT}\${_HEX}",
        derivations.scrypt,
    ),
    (
        rf"scrypt\$(?P<n>\d{{1,10}})\${_SALT}\$(?P<r>\d{{1,5}})"
        rf"\$(?P<p>\d{{1,5}})\${_BASE64}",
        derivations.scrypt,
    ),
)


def read(encoded: str, limits: Limits | None = None) -> Check:
    """Read a hash and give what checks a password against it.

    Args:
        encoded: the hash as the other system kept it.
        limits: the most that an argon2 hash may cost.

    Raises:
        HashTooCostly, HashWeak, HashUnknown: it is not to be checked.
    """
    argon2 = re.fullmatch(_ARGON2, encoded, re.ASCII)
    if argon2 is not None:
        return derivations.argon2(argon2, limits or Limits())
    for pattern, kind in _KINDS:
        found = re.fullmatch(pattern, encoded, re.ASCII)
        if found is not None:
            return kind(found)
    for pattern, name in WEAK:
        if re.fullmatch(pattern, encoded, re.ASCII | re.IGNORECASE):
            raise HashWeak(kind=name)
    raise HashUnknown
