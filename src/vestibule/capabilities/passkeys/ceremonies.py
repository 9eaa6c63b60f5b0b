"""Ceremonies: what a browser is asked, and what its answer shows.

The challenge is sealed: it says what it is for, whose, and in which browser,
so that nothing is stored until somebody answers well. Which checks there
are, py_webauthn knows; these lines add what only the site knows. Source:
W3C Web Authentication Level 2, 7.1 and 7.2.
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import (
    VerifiedAuthentication,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    options_to_json_dict,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import (
    VerifiedRegistration,
)

from vestibule.capabilities.passkeys.answers import (
    TRANSPORTS,
    Answer,
    Occasion,
    Unreadable,
    parsed,
)
from vestibule.capabilities.passkeys.encoding import check_made, check_shown
from vestibule.capabilities.passkeys.keys import Passkey
from vestibule.capabilities.passkeys.refusals import PasskeyUnverified
from vestibule.db import DB
from vestibule.ground.base_url import origin_of
from vestibule.ground.randomness import fingerprint
from vestibule.ground.signing import Seal
from vestibule.settings import Settings
from vestibule.user import User

# As long as a dialog may stand open.
LIFE = 300
LONGEST_ID, LONGEST_KEY = 1023, 2000
# Without a public address there is only one's own machine, at any port.
_LOCAL = re.compile(r"http://localhost(:[0-9]{1,5})?")
_ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
_NEEDED = UserVerificationRequirement.REQUIRED
_LIKED = UserVerificationRequirement.PREFERRED


class Ceremonies:
    """Asks browsers, and reads what they answer."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self.settings: Settings = db.settings
        self.rp_id = urlsplit(self.settings.base_url).hostname or ""
        own = origin_of(self.settings.base_url)
        self.origins = [own, *self.settings.login.passkey_origins]
        self._seal: Seal | None = None

    def _sealed(self, occasion: Occasion) -> bytes:
        """Make a challenge for an occasion."""
        nonce = self.db.randomness.token()
        return self._sealer().close([*_bound(occasion), nonce]).encode()

    def _sealer(self) -> Seal:
        """Make the seal of challenges, once one is wanted."""
        if self._seal is None:
            keys = self.settings.keys
            self._seal = Seal(keys, "passkey", self.db.clock)
        return self._seal

    def creation(
        self,
        occasion: Occasion,
        user: User,
        handle: bytes,
        known: Sequence[Passkey],
    ) -> dict[str, Any]:
        """Ask a browser to make a passkey.

        Args:
            occasion: what it is asked for.
            user: whose it will be.
            handle: by what name devices know the account.
            known: what it has; no device makes a second one.
        """
        options = generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self.settings.site.name,
            user_id=handle,
            user_name=user.email,
            user_display_name=user.username,
            challenge=self._sealed(occasion),
            timeout=LIFE * 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=_LIKED,
            ),
            exclude_credentials=_named(known),
            supported_pub_key_algs=_ALGORITHMS,
        )
        return options_to_json_dict(options)

    def request(
        self, occasion: Occasion, known: Sequence[Passkey] = ()
    ) -> dict[str, Any]:
        """Ask a browser to show a passkey.

        Args:
            occasion: what it is asked for.
            known: which will do; any if left out.
        """
        options = generate_authentication_options(
            rp_id=self.rp_id,
            challenge=self._sealed(occasion),
            timeout=LIFE * 1000,
            allow_credentials=_named(known),
            user_verification=_NEEDED if occasion.is_sure else _LIKED,
        )
        return options_to_json_dict(options)

    def read(self, credential: str, occasion: Occasion) -> Answer:
        """Read an answer, if it is one to what was asked at the occasion.

        Raises:
            Unreadable: it is not, or it took too long.
        """
        try:
            answer = parsed(credential)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unreadable from error
        sealed = self._sealer().open(answer.challenge, LIFE)
        # Attack: an answer that somebody gave elsewhere, or to register.
        if not isinstance(sealed, list) or sealed[:3] != _bound(occasion):
            raise Unreadable
        # Attack: a page of others around ours. Source: Level 2, 13.4.9.
        if answer.client.get("crossOrigin") is True:
            raise Unreadable
        return answer

    def made(self, answer: Answer, occasion: Occasion) -> VerifiedRegistration:
        """Take a new passkey.

        Raises:
            Unreadable: it is none, or none that this site takes.
        """
        try:
            check_made(_written(answer, "attestationObject"))
            made = verify_registration_response(
                credential=dict(answer.parsed),
                expected_challenge=answer.challenge.encode(),
                expected_rp_id=self.rp_id,
                expected_origin=self._expected(answer),
                require_user_presence=occasion.needs_touch,
                supported_pub_key_algs=_ALGORITHMS,
            )
        # Bytes that nobody has looked at before go through four parsers.
        except Exception as error:
            raise Unreadable from error
        is_long = (
            len(made.credential_id) > LONGEST_ID
            or len(made.credential_public_key) > LONGEST_KEY
        )
        if is_long or made.credential_id != answer.credential_id:
            raise Unreadable
        return made

    def shown(
        self, answer: Answer, occasion: Occasion, key: Passkey
    ) -> VerifiedAuthentication:
        """Take what a passkey has signed; its count is not compared yet.

        Raises:
            Unreadable: the passkey has not signed this.
            PasskeyUnverified: nor has its device checked who holds it.
        """
        try:
            check_shown(_written(answer, "authenticatorData"))
            shown = verify_authentication_response(
                credential=dict(answer.parsed),
                expected_challenge=answer.challenge.encode(),
                expected_rp_id=self.rp_id,
                expected_origin=self._expected(answer),
                credential_public_key=key.public_key,
                # Only what is signed says that there is a copy.
                credential_current_sign_count=0,
            )
        except Exception as error:
            raise Unreadable from error
        may_move = shown.credential_device_type == "multi_device"
        if may_move != key.may_be_backed_up:
            raise Unreadable
        if occasion.is_sure and not shown.user_verified:
            raise PasskeyUnverified
        return shown

    def signal(
        self, user: User, handle: bytes, known: Sequence[Passkey]
    ) -> dict[str, Any]:
        """Say what whoever keeps passkeys may be told of an account."""
        whose = {"rpId": self.rp_id, "userId": bytes_to_base64url(handle)}
        ids = [bytes_to_base64url(one.credential_id) for one in known]
        return {
            "signalAllAcceptedCredentials": {
                **whose,
                "allAcceptedCredentialIds": ids,
            },
            "signalCurrentUserDetails": {
                **whose,
                "name": user.email,
                "displayName": user.username,
            },
        }

    def _expected(self, answer: Answer) -> list[str]:
        """List the origins that a browser may have been at."""
        origin = answer.client.get("origin")
        is_open = not self.settings.site.base_url
        if is_open and isinstance(origin, str) and _LOCAL.fullmatch(origin):
            return [origin]
        return self.origins


def _bound(occasion: Occasion) -> list[Any]:
    """List what a challenge is bound to."""
    holder = fingerprint(occasion.holder).hex()[:32] if occasion.holder else ""
    return [occasion.purpose, occasion.user_id, holder]


def _written(answer: Answer, part: str) -> bytes:
    """Take out what a device has written, as py_webauthn does.

    Raises:
        KeyError, TypeError, ValueError: it is not there, or no text.
    """
    return base64url_to_bytes(answer.parsed["response"][part])


def _named(known: Sequence[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    """Name passkeys to a browser."""
    return [
        PublicKeyCredentialDescriptor(
            id=one.credential_id,
            transports=[
                TRANSPORTS[name]
                for name in one.transports.split(",")
                if name in TRANSPORTS
            ]
            or None,
        )
        for one in known
    ]
