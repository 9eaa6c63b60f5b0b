"""What the fuzz puts into requests: odd paths, headers, values and types."""

from hostility import FORM, JSON, MARK, MULTIPART, NUMBERS, TEXTS

# Texts that mean something, to somebody or something.
NAMES = ["alice", "ALICE", "bob", "root", "evan", "vera", "nobody", "ａlice"]
ADDRESSES = [
    *("alice@example.com", "bob@example.com", "second@example.com", "a@b.c"),
    *("x@example.org", "x+y@example.org", '"x y"@example.org', "ä@bücher.ch"),
    *(
        "a@[127.0.0.1]",
        "a@b@c.d",
        "a@" + "b." * 120 + "c",
        "@",
        "a@b.c\r\nX: y",
    ),
]
PASSWORDS = [
    *("correct horse battery staple", "seven purple llamas", "password1"),
    *("x" * 64, "x" * 4096, "é" * 40, "pass\x00word long enough", "   "),
]
ODD = [*NUMBERS, *TEXTS, *NAMES, *ADDRESSES, *PASSWORDS]
FIELDS = [
    *("id", "user_id", "is_admin", "is_active", "hashed_password", "role"),
    *("email_verified_at", "created_at", "session_id", "__proto__", "_method"),
    *("username", "email", "password", "csrf_token", "next", "link", "work"),
    *("picture", "remember", "code", "token", "title", "content", "language"),
]
SEGMENTS = [
    *(
        "",
        ".",
        "..",
        "...",
        "%2e%2e",
        "%2f",
        "\x00",
        ";a=b",
        "\xff",
        "\xc0\xaf",
    ),
    *("admin", "api", "v1", "users", "login", "static", "vestibule", "check"),
    *(
        "\xed\xa0\x80",
        "\xe2\x80\xae",
        "*",
        "<any>",
        "{}",
        " ",
        "\t",
        "a" * 3000,
    ),
    *("id:1", "1", "0", "-1", str(2**63), "%00", "~root", "con", "null"),
]
QUERIES = [
    *("next=//evil.example", "next=/profile", "next=https:evil.example"),
    *("next=/%5Cevil.example", "next=%09//evil.example", "next=/%00", "next="),
    *("before=1", "before=-1", f"before={2**63}", "before=x", "after=9" * 40),
    *("search=%25", "search=_", "search=\\", "search=%00", "search=id:1"),
    *("state=active", "state=asleep", "role=admin", "address=%ff", "page=2"),
    *("token=x", "token=" + "A" * 43, "q[]=1", "q[a][b]=1", "a" * 9000),
    *("&" * 2000, "=", "%", "%zz", "%ff", "a;b;c", "\xff\xfe", "a=1&a=2&a=3"),
]
COOKIES = [
    *("=", ";;;", "session_id", "session_id=", 'session_id="x', "a=b,c=d"),
    *("$Version=1; session_id=x", "__Host-session_id=x", "\xff\xfe=\xff"),
    *("session_id=" + "x" * 8000, "vestibule_visit=e30.e30.e30"),
    *("vestibule_visit=" + "y" * 4000, "vestibule_reset=x.y.z"),
    *("vestibule_confirm=.eJw.aaaaaa.b", 'vestibule_visit="\\042"'),
    *(";".join(f"a{n}=b" for n in range(300)), "vestibule_device=a|b|c"),
    *("vestibule_theme=\xff", "vestibule_language=../../en", "theme=dark"),
]
HEADERS = [
    *("Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding"),
    *("Host", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode"),
    *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"),
    *("X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "Via", "Range"),
    *("If-Range", "If-None-Match", "If-Match", "If-Modified-Since"),
    *("Authorization", "User-Agent", "Expect", "X-HTTP-Method-Override"),
    *("Transfer-Encoding", "Content-Encoding", "Content-Disposition"),
    *("X-Original-URL", "X-Rewrite-URL", "X-Requested-With", "Remote-User"),
    *("Upgrade", "Connection", "Cache-Control", "Cookie2", "X-Request-ID"),
    *("X-Original-URI", "X-Original-Method", "Traceparent", "Vestibule-Work"),
]
VALUES = [
    *("", " ", ",", ";", '"', "\xff", "\xc3\xa9", "," * 4000, "a" * 8000),
    *("null", "*", "text/html", "text/html;q=-1", "text/html;q=nan", "*/*;"),
    *("ru;q=1e9", "../../en", "x-\xff", "bytes=0-", "bytes=9-1,-", 'W/"\xff"'),
    *("bytes=" + "0-1," * 999, "bytes=99999999999999999999-", "items=0-1"),
    *("1.2.3.4", "1.2.3.4:80", "::1%eth0", "::ffff:1.2.3.4", "999.1.1.1"),
    *("for=1.2.3.4;proto=https", "[::1", "a:b:c", "user@localhost", "%00"),
    *("localhost", "evil.example", "https://evil.example", "http://[", "//"),
    *("localhost:5000", "localhost:99999", "LOCALHOST.:5000", "127.0.0.1"),
    *("cross-site", "same-origin", "none", "DELETE", "gzip, chunked", "0"),
    *("Basic \xff", "Basic Og==", "Bearer ", "Bearer \xff", "Bearer a b"),
    *("Bearer " + "A" * 43, "bearer x", "Digest a=b", "100-continue"),
    *("9" * 400, "-1", MARK, "\x7f\x01", "identity", "br;q=0, *;q=0"),
    *("Thu, 99 Foo 0000", "Sun, 06 Nov 1994 08:49:37 GMT", "trailers"),
    *("application/problem+json", "application/json", "image/webp"),
    *("http://localhost:5000", "http://localhost:5000/x", "gzip", "close"),
]
KINDS = [
    *(FORM, JSON, f"{MULTIPART}; boundary=yyyyyyyy", "text/plain", "", " "),
    *(f"{FORM}; charset=utf-16", f"{FORM};charset=utf-7", f"{FORM}, {JSON}"),
    *(f"{JSON}; charset=utf-16", f"{JSON};charset=rot13", "text/json", "é/ü"),
    *("application/merge-patch+json", "application/json-patch+json", ";;;"),
    *(MULTIPART, f"{MULTIPART}; boundary=", f"{MULTIPART}; boundary=\xff"),
    *(f'{MULTIPART}; boundary="', f"{MULTIPART}; boundary={'y' * 300}"),
    *(f"{MULTIPART}; boundary=a; boundary=yyyyyyyy", "multipart/mixed"),
    *("application/octet-stream", "image/svg+xml", "image/png", "image/gif"),
    *("application/xml", "APPLICATION/JSON", f"{FORM}\x00", "a" * 2000),
]
METHODS = [
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"),
    *("CONNECT", "BREW", "get", "post", "PROPFIND", "QUERY", "\xff", "G" * 99),
]
# Seconds that pass before a request, over one limit or another.
LATE = [61, 301, 601, 3601, 43201, 86401, 604801, 2592001]
