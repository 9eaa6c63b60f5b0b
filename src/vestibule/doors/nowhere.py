"""Nowhere: what is answered below the API where there is no call."""

from flask import current_app, request
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map
from werkzeug.wrappers import Response

from vestibule.doors.answers import nothing
from vestibule.doors.caller import allowed
from vestibule.doors.hall import hall
from vestibule.policy import Act


@allowed(Act.ENTER)
def nowhere(rest: str = "") -> Response:
    """Answer wherever below the API no call is, or not by this method.

    So that a host application's own errors, in HTML, never stand here.

    Raises:
        NotFound: there is no call at this address.
        MethodNotAllowed: there is, by other methods.
    """
    del rest
    methods = _methods_here()
    if not methods:
        raise NotFound
    if request.method != "OPTIONS":
        raise MethodNotAllowed(methods)
    response = nothing()
    response.allow.update(methods)
    return response


def _methods_here() -> list[str]:
    """List the methods that calls at this address have.

    An address that is written out is not also one with a name in it, such as
    that of a session. Source: OpenAPI 3.1.0, 4.8.8.1.
    """
    place = hall()
    if place.calls is None:
        views = current_app.view_functions
        place.calls = Map(
            [
                rule.empty()
                for rule in current_app.url_map.iter_rules()
                if hasattr(views[rule.endpoint], "call")
            ],
            # Attack: "//", which would be led on to the address without.
            merge_slashes=False,
        )
    here, path = place.calls.bind("localhost"), request.path
    found = {
        method: here.match(path, method, return_rule=True)[0].arguments
        for method in here.allowed_methods(path)
    }
    exact = {method for method, named in found.items() if not named}
    return sorted({*(exact or found), "OPTIONS"}) if found else []
