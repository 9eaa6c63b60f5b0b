"""Lettercraft: what tests see of a letter, as text and as HTML."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSEEN_TAGS = {"style", "script", "title"}


@dataclass
class Reader(HTMLParser):
    """Reads an HTML letter as a mail program does."""

    html: str
    words: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Take a tag, and where it leads."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.links += [v or "" for k, v in attrs if k in ("href", "src")]

    def handle_data(self, data: str) -> None:
        """Take a piece of text."""
        if not self.tags or self.tags[-1] not in UNSEEN_TAGS:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Go on after a tag whose text nobody sees."""
        if tag in UNSEEN_TAGS:
            self.tags.append(f"/{tag}")

    @property
    def text(self) -> str:
        """All that is seen, in one line."""
        return " ".join(" ".join(self.words).replace("\u200b", "").split())


def links_in(text: str) -> set[str]:
    """Find what a mail program would make links of in a text."""
    return set(re.findall(r"https?://\S+|\bwww\.\S+", text))
