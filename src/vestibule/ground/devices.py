"""Devices: what a browser says that it is, in a few words of ours.

Only names from these lists are ever shown, so that nobody can write into a
letter or a page by what their program calls itself.
"""

from typing import NamedTuple

# The first that is found counts: most browsers also name others.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "YaBrowser/": "Yandex Browser",
    "Vivaldi/": "Vivaldi",
    "DuckDuckGo/": "DuckDuckGo",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
    "Wget/": "Wget",
    "python-requests/": "Python",
    "Python-urllib/": "Python",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "CrOS": "ChromeOS",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}


class Device(NamedTuple):
    """A browser and a system; either may be unknown, which is empty."""

    browser: str
    system: str

    @property
    def is_handheld(self) -> bool:
        """Whether it is a phone or a tablet."""
        return self.system in ("Android", "iPhone", "iPad")


def device(agent: str) -> Device:
    """Read the header User-Agent (RFC 9110, 10.1.5) as far as we know it."""
    return Device(_known(BROWSERS, agent), _known(SYSTEMS, agent))


def _known(names: dict[str, str], agent: str) -> str:
    """Find the first name whose mark stands in a header."""
    return next((name for mark, name in names.items() if mark in agent), "")
