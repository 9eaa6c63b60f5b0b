"""Authenticators: what keeps passkeys, in a test without any browser.

``create`` and ``get`` take the options that the server gives and answer as
the ``toJSON()`` of a browser does, with real keys, CBOR and signatures:

    device = Authenticator()
    options = client.post("/api/v1/passkey-sessions/options").json
    credential = device.get(options["public_key"])

What an honest one never does is asked for by its attributes.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from vestibule.ground.randomness import Randomness

Json = dict[str, Any]
# Authenticator data, section 6.1: what the device has seen and holds.
PRESENT, VERIFIED, MOVABLE, MOVED, ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass
class KeptPasskey:
    """A passkey in a device: its key, and whose it is."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    rp_id: str
    user_handle: bytes
    count: int = 0


@dataclass
class Authenticator:
    """A device that keeps passkeys, and the browser before it.

    Attributes:
        origin: where the browser is.
        verifies: whether the device checks its owner.
        touches: whether the owner has touched it.
        counts: by how much its counter grows; 0 for one that counts not.
        is_synced: whether its passkeys are on other devices, too.
        aaguid: what it says that it is.
        rp_id: for which site it signs; as the server says if left out.
        challenge: what it signs; as the server says if left out.
        type: what the browser says it was asked for, if not the truth.
        tells_handle: whether it says whose a passkey is.
        kept: the passkeys in it, the newest last.
    """

    origin: str = "http://localhost:5000"
    verifies: bool = True
    touches: bool = True
    counts: int = 1
    is_synced: bool = False
    aaguid: bytes = bytes(16)
    rp_id: str = ""
    challenge: str = ""
    type: str = ""
    tells_handle: bool = True
    cross_origin: bool = False
    transports: tuple[str, ...] = ("internal",)
    kept: list[KeptPasskey] = field(default_factory=list)

    def create(self, options: Mapping[str, Any]) -> Json:
        """Make a passkey, as ``navigator.credentials.create`` does."""
        passkey = KeptPasskey(
            bytes.fromhex(Randomness().key()),
            ec.generate_private_key(ec.SECP256R1()),
            options["rp"]["id"],
            base64url_to_bytes(options["user"]["id"]),
        )
        self.kept.append(passkey)
        data = self._data(passkey, ATTESTED) + self._attested(passkey)
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        return self._handed(
            passkey,
            {
                "clientDataJSON": self._client(options, "webauthn.create"),
                "attestationObject": bytes_to_base64url(cbor2.dumps(made)),
                "transports": [*self.transports],
            },
        )

    def get(
        self, options: Mapping[str, Any], passkey: KeptPasskey | None = None
    ) -> Json:
        """Show a passkey, as ``navigator.credentials.get`` does.

        Args:
            options: what the server asks for.
            passkey: which one; the newest that will do if left out.
        """
        passkey = passkey or self._chosen(options)
        passkey.count += self.counts
        data = self._data(passkey)
        client = self._client(options, "webauthn.get")
        signed = data + sha256(base64url_to_bytes(client)).digest()
        signature = passkey.key.sign(signed, ec.ECDSA(SHA256()))
        handle = bytes_to_base64url(passkey.user_handle)
        return self._handed(
            passkey,
            {
                "clientDataJSON": client,
                "authenticatorData": bytes_to_base64url(data),
                "signature": bytes_to_base64url(signature),
                "userHandle": handle if self.tells_handle else None,
            },
        )

    def _chosen(self, options: Mapping[str, Any]) -> KeptPasskey:
        """Choose the newest passkey among those that will do."""
        named = [one["id"] for one in options.get("allowCredentials", ())]
        fitting = [
            one
            for one in self.kept
            if not named or bytes_to_base64url(one.id) in named
        ]
        assert fitting, "no passkey in this authenticator will do"
        return fitting[-1]

    def _client(self, options: Mapping[str, Any], kind: str) -> str:
        """Write what the browser adds (section 5.8.1)."""
        told = {
            "type": self.type or kind,
            "challenge": self.challenge or options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        return bytes_to_base64url(json.dumps(told).encode())

    def _data(self, passkey: KeptPasskey, flags: int = 0) -> bytes:
        """Write what the device has seen (section 6.1)."""
        flags |= PRESENT if self.touches else 0
        flags |= VERIFIED if self.verifies else 0
        flags |= MOVABLE | MOVED if self.is_synced else 0
        site = sha256((self.rp_id or passkey.rp_id).encode()).digest()
        return site + struct.pack(">BI", flags, passkey.count)

    def _attested(self, passkey: KeptPasskey) -> bytes:
        """Write the key of a new passkey (section 6.5.1, RFC 9052)."""
        point = passkey.key.public_key().public_numbers()
        public = {
            1: 2,
            3: -7,
            -1: 1,
            -2: point.x.to_bytes(32, "big"),
            -3: point.y.to_bytes(32, "big"),
        }
        length = struct.pack(">H", len(passkey.id))
        return self.aaguid + length + passkey.id + cbor2.dumps(public)

    def _handed(self, passkey: KeptPasskey, response: Json) -> Json:
        """Write what ``toJSON()`` of a browser gives."""
        name = bytes_to_base64url(passkey.id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
