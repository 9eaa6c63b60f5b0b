"""Links: the addresses that pages name, each built only once.

To build one takes as long as to answer a small request, and a page names
ten of them.
"""

from collections.abc import Callable
from typing import Any, cast

from flask import current_app, request

from vestibule.doors.hall import hall, settings

# Where the application is mounted comes from the server, which may take it
# from a header that anybody writes.
MOST = 500


def linker() -> Callable[..., str]:
    """Give what says address after address, as ``url_for`` does."""
    build: Any = current_app.jinja_env.globals["url_for"]
    if build != current_app.url_for or not _are_fixed():
        return cast("Callable[..., str]", build)
    known, root = hall().shelf.links, request.script_root

    def link(endpoint: str, **values: str) -> str:
        """Say where a page or file is, built before if it is fixed."""
        name = values.get("filename", "")
        is_fixed = not values or (len(values) == 1 and name)
        if not is_fixed or not endpoint.startswith("vestibule."):
            return str(build(endpoint, **values))
        key = (root, endpoint, name)
        found = known.get(key)
        if found is None:
            found = str(build(endpoint, **values))
            if len(known) < MOST:
                known[key] = found
        return found

    return link


def _are_fixed() -> bool:
    """Tell whether an address of ours is the same in every request.

    A host may put something of the request into all of them; and while
    somebody works on our files, their marks change.
    """
    host = current_app
    by_name = host.url_map.host_matching or host.subdomain_matching
    in_work = host.debug or settings().site.development
    return not (by_name or in_work or host.url_default_functions.get(None))
