"""Tricks: texts that look like a path of ours and may lead elsewhere."""

from itertools import product

from hypothesis import strategies as st

STARTS = [
    *(
        "",
        "/",
        "//",
        "///",
        "/\\",
        "\\/",
        "\\\\",
        "/./",
        "/.//",
        "/../",
        "/..//",
    ),
    *("/%2f", "/%5c", "/%2F/", "/%09/", "/\t/", "/\n/", "/\r\n/", "/\x00/"),
    *("/ /", " //", "\t//", "\x00//", "\x01//", "\ufeff//", "/\u200b/", "/;/"),
    *(
        "/@",
        "/x@",
        "@",
        "?",
        "#",
        "/?//",
        "/#//",
        ":",
        "/:",
        "/:80//",
        "https:",
    ),
    *(
        "https:/",
        "https://",
        "HTTPS:\\\\",
        "https:///",
        "http:",
        "javascript:",
    ),
    *("java\nscript:", " javascript:", "data:", "blob:https://", "file:///"),
    *("/／", "／／", "/\u2215/", "/％2f", "/%252f", "/%E3%80%82/", "/%u002f/"),
    *("/.%2e//", "/%2e%2e//", "/%2e//", "/..;/", "/.\\", "/~//", "/[", "/]"),
]
MIDDLES = ["evil.example", "@evil.example", "evil.example:80", "user:p@e", ""]
ENDS = [
    "",
    "/",
    "/login?next=//x",
    "#//x",
    "\\..\\",
    "%0d%0aX: y",
    "..",
    "/.//",
]
CORPUS = ["".join(parts) for parts in product(STARTS, MIDDLES, ENDS)]
URLISH = st.text(
    "/\\.:@%?#;&=~[]{}|^`\t\r\n 02fF5cCeExX-_é／\x00", max_size=24
)
# The nastiest, each from a hole that somebody had.
NASTY = [
    *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil"),
    *("/\t/evil.example", "\t//evil.example", "/%09/evil.example", "/%2f/e"),
    *("/%5cevil.example", "https:evil.example", "https:///evil.example"),
    *("http://localhost:5000@evil.example/", "http://localhost:5000.evil/"),
    *("http://localhost:5000\\@evil.example", "//localhost:5000/profile"),
    *("javascript:alert(1)", "JaVa\tScRiPt:alert(1)", "data:text/html,x"),
    *("/profile\r\nLocation: //evil", "/\u2028/evil.example", "／／evil"),
    *("/.//evil.example", "/..//evil.example", "blob:https://evil/x"),
    *("//evil%E3%80%82example", "\x00//evil", "/\x0b/evil", "?//evil", ""),
]
