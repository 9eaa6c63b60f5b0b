"""Who keeps a passkey, by the AAGUID that its authenticator tells.

The numbers are public: providers publish them, the FIDO Alliance's Metadata
Service and the community's list of passkey providers repeat them. A number
is a claim and proves nothing; it only proposes a name.
"""

from collections.abc import Collection
from itertools import chain, count

from vestibule.ground.devices import device

PROVIDERS = {
    "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
    "adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome on Mac",
    "b5397666-4885-aa6b-cebf-e52262a439a2": "Chromium",
    "08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
    "9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
    "6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
    "fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "Apple Passwords",
    "dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
    "bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
    "d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
    "531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
    "0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
    "fdb141b2-5d84-443e-8a35-4698c205a502": "KeePassXC",
    "b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
    "50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
    "53414d53-554e-4700-0000-000000000000": "Samsung Pass",
    "ee882879-721c-4913-9775-3dfcce97072a": "YubiKey",
    "2fc0579f-8113-47ea-b116-bb5a8db9202a": "YubiKey",
    "fa2b99dc-9e39-4257-8f92-4a30d23c4118": "YubiKey",
    "cb69481e-8ff7-4039-93ec-0a2729a154a8": "YubiKey",
}
# They have no name of their own, and hang on a bunch of keys.
_KEYS = {"usb", "nfc", "ble"}


def proposed(
    aaguid: str, transports: str, agent: str, taken: Collection[str]
) -> str:
    """Propose a name for a new passkey.

    Args:
        aaguid: what its authenticator says that it is.
        transports: by what ways it can be reached.
        agent: the browser, for one that says nothing.
        taken: how the others are called.
    """
    ways = {*transports.split(",")}
    browser = device(agent)
    name = PROVIDERS.get(aaguid, "")
    if not name and ways & _KEYS and "internal" not in ways:
        name = "Security key"
    name = name or browser.system or browser.browser or "Passkey"
    numbers = (f"{name} {number}" for number in count(2))
    return next(one for one in chain([name], numbers) if one not in taken)
