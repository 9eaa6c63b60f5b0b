"""A host with one view for members, which answers as the floor does."""

from flask import Flask, Response, jsonify

from vestibule import Vestibule, current_user, login_required

app = Flask(__name__)
Vestibule(app)


@app.get("/members")
@login_required
def members() -> Response:
    """Answer who is signed in."""
    return jsonify(email=current_user.email)
