"""A notice board that members may read, and administrators write."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, abort, request

from vestibule import Vestibule, current_user, login_required


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the board, with changes to its configuration as for a test."""
    app = Flask(__name__)
    app.config.from_mapping(config or {})
    Vestibule(app, url_prefix="/account")
    notices: list[str] = []

    @app.get("/board")
    @login_required
    def board() -> list[str]:
        """List the notices."""
        return notices

    @app.post("/board")
    @login_required
    def pin() -> list[str]:
        """Pin a notice to the board."""
        if not current_user.acts_as_admin:
            abort(403)
        notices.append(f"{current_user.username}: {request.form['text']}")
        return notices

    return app
