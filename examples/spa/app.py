"""A single page whose script talks to the API of Vestibule."""

from flask import Flask, Response

from vestibule import Vestibule, current_user, login_required

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)

app = Flask(__name__, static_url_path="")
Vestibule(app, url_prefix="/account")


@app.get("/")
def index() -> Response:
    """Give the page, which is the same for everybody."""
    return app.send_static_file("index.html")


@app.get("/fortune")
@login_required
def fortune() -> dict[str, str]:
    """Tell something that only members get to know."""
    return {"text": f"{current_user.username} will find a lamp."}


@app.after_request
def restrict(response: Response) -> Response:
    """Let the page load nothing but its own script and style."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response
