"""The arithmetic of authenticator apps: which step a code belongs to."""

import base64
import hmac

import pyotp

SECONDS = 30
# A phone may be that many steps behind or ahead. Source: RFC 6238, 5.2.
DRIFT = 1


def written(secret: bytes) -> str:
    """Write a secret as apps take it: 32 letters and digits."""
    return base64.b32encode(secret).decode()


def step_of(secret: bytes, code: str, now: int) -> int | None:
    """Say of which step a code is, or None if it is of none near now.

    All steps are compared, in the same time whichever it is.

    Args:
        secret: that of the app.
        code: six digits.
        now: in seconds since 1970.
    """
    app = pyotp.TOTP(s=written(secret), interval=SECONDS)
    here = now // SECONDS
    given = code.encode(errors="replace")
    found = None
    for step in range(here - DRIFT, here + DRIFT + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), given):
            found = step
    return found


def address(secret: bytes, name: str, site: str) -> str:
    """Write the address that a QR code holds, and that opens an app."""
    app = pyotp.TOTP(s=written(secret), interval=SECONDS)
    # A colon would end the name of the site there.
    issuer = site.replace(":", " ").strip()
    return app.provisioning_uri(name=name, issuer_name=issuer or None)
