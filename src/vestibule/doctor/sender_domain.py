"""Checks of what the sender's domain says of its mail, by DNS.

Source: RFC 7208 (SPF), RFC 7489 and its successor (DMARC). DKIM cannot be
checked from here, because the selector is chosen by the mail server.
"""

from collections.abc import Iterator
from email.utils import parseaddr

import dns.exception
import dns.rdatatype
import dns.resolver

from vestibule.doctor.checks import check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.worker import sender_for


def domain_of(installation: Installation) -> str:
    """Say from which domain letters come."""
    address = parseaddr(sender_for(installation.settings))[1]
    return address.rpartition("@")[2].rstrip(".").casefold()


def _public_domain(installation: Installation) -> str:
    """Say from which public domain letters come.

    Raises:
        Skip: from none, or none leave.
    """
    if not installation.settings.mail.server:
        raise Skip("no mail server is set")
    domain = domain_of(installation)
    if "." not in domain or domain.replace(".", "").isdigit():
        raise Skip(f"{domain} is no public domain")
    return domain


def _texts(installation: Installation, name: str, begins: str) -> list[str]:
    """Look up the texts of a name that begin with a version.

    Raises:
        Skip: no name server answers; who asks says it once.
    """
    try:
        found = installation.resolver.resolve(
            name, dns.rdatatype.TXT, raise_on_no_answer=False, search=False
        )
    except dns.resolver.NXDOMAIN:
        return []
    texts = [
        b"".join(record.strings).decode("utf-8", "replace")
        for record in found.rrset or ()
    ]
    return [
        text
        for text in texts
        if text.casefold() == begins
        or text.casefold().startswith((f"{begins} ", f"{begins};"))
    ]


@check(
    "mail.spf",
    ERROR,
    WARNING,
    NOTICE,
    fine="One SPF record says which servers may send for the domain.",
    why="Large mail providers refuse mail of a domain without one, and with "
    "one that allows everybody anyone can write in your name.",
    fix='DOMAIN. IN TXT "v=spf1 mx -all"',
)
def spf_is_set(installation: Installation) -> Iterator[Trouble]:
    """Look up the SPF record of the sender's domain."""
    domain = _public_domain(installation)
    fix = f'{domain}. IN TXT "v=spf1 mx -all"'
    try:
        found = _texts(installation, domain, "v=spf1")
    except dns.exception.DNSException as error:
        yield _unknown(domain, error)
        return
    if not found:
        yield Trouble(WARNING, f"{domain} has no SPF record.", fix)
    elif len(found) > 1:
        yield Trouble(
            ERROR,
            f"{domain} has {len(found)} SPF records, so none of them counts.",
            fix,
        )
    else:
        words = found[0].casefold().split()
        if {"+all", "all"} & set(words):
            yield Trouble(
                ERROR, f"{domain} allows everybody to send: {found[0]}", fix
            )
        elif "?all" in words or not any(
            word.endswith("all") or word.startswith("redirect=")
            for word in words
        ):
            yield Trouble(
                NOTICE, f"{domain} forbids nobody to send: {found[0]}", fix
            )


@check(
    "mail.dmarc",
    ERROR,
    WARNING,
    NOTICE,
    fine="A DMARC record says what to do with mail that others forge.",
    why="Without one, a forged letter of yours that asks for passwords is "
    "delivered like a real one.",
    fix='_dmarc.DOMAIN. IN TXT "v=DMARC1; p=quarantine"',
)
def dmarc_is_set(installation: Installation) -> Iterator[Trouble]:
    """Look up the DMARC record of the sender's domain, or one above it."""
    domain = _public_domain(installation)
    fix = f'_dmarc.{domain}. IN TXT "v=DMARC1; p=quarantine"'
    labels = domain.split(".")
    found: list[str] = []
    for start in range(min(len(labels) - 1, 4)):
        at = ".".join(labels[start:])
        try:
            found = _texts(installation, f"_dmarc.{at}", "v=dmarc1")
        except dns.exception.DNSException as error:
            yield _unknown(at, error)
            return
        if found:
            break
    if not found:
        yield Trouble(WARNING, f"{domain} has no DMARC record.", fix)
    elif len(found) > 1:
        yield Trouble(
            ERROR,
            f"{domain} has {len(found)} DMARC records, so none counts.",
            fix,
        )
    elif _policy(found[0], is_below=at != domain) not in (
        "quarantine",
        "reject",
    ):
        yield Trouble(
            NOTICE, f"DMARC of {domain} only watches: {found[0]}", fix
        )


def _policy(record: str, *, is_below: bool) -> str:
    """Read what a DMARC record asks for; ``sp`` is for domains below."""
    parts = (part.partition("=") for part in record.split(";"))
    tags = {name.strip().lower(): value.strip() for name, _, value in parts}
    asked = tags.get("p", "")
    return (tags.get("sp", asked) if is_below else asked).lower()


def _unknown(domain: str, error: Exception) -> Trouble:
    """Say that the records could not be looked up."""
    return Trouble(
        NOTICE,
        f"The records of {domain} could not be looked up: "
        f"{type(error).__name__}.",
        f"dig TXT {domain}",
    )
