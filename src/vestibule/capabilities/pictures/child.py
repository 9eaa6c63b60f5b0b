"""The process that decodes one picture, and can do nothing else.

It is started with the folders to import from, reads a file from its
standard input, writes one line of JSON and the picture, and ends. Whatever
a hostile file makes of the decoders, it can open no file and no socket,
start nothing, and take neither much memory nor much time.
"""

import contextlib
import json
import resource
import sys

MEGABYTE = 1024 * 1024

# The largest picture allowed, a progressive one in four colours, takes 170
# megabytes of addresses.
LIMITS = {
    resource.RLIMIT_AS: 512 * MEGABYTE,
    resource.RLIMIT_CPU: 2,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NPROC: 0,
}


def limit(what: int, most: int) -> None:
    """Lower a limit for good, where the system has it."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(what, (most, most))


def main() -> None:
    """Read a file, and write what it became or why it became nothing."""
    # The folders of the standard library stay in front of all others.
    sys.path += [path for path in sys.argv[1:] if path not in sys.path]
    for what, most in LIMITS.items():
        limit(what, most)
    from vestibule.capabilities.pictures import raster, vector
    from vestibule.ground.pictures import LARGEST_FILE, NoPicture

    # Attack: a file that makes its decoder read others, or the network. All
    # is loaded; from here on nothing can be opened.
    limit(resource.RLIMIT_NOFILE, 0)
    content = sys.stdin.buffer.read(LARGEST_FILE)
    try:
        known = raster.is_raster(content)
        drawn = raster.redraw(content) if known else vector.draw(content)
        told = {**drawn._asdict(), "content": len(drawn.content)}
        picture = drawn.content
    except NoPicture as refused:
        told, picture = {"fault": refused.fault}, b""
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + picture)


if __name__ == "__main__":
    main()
