"""The floor of a view: plain Flask, and one look-up by SQLAlchemy Core.

``FLOOR_DATABASE`` names the database, which ``floors.rows`` has filled.
"""

import hashlib
import os
import time

from flask import Flask, Response, abort, jsonify, request
from sqlalchemy import create_engine, make_url, text

app = Flask(__name__)
URL = make_url(os.environ["FLOOR_DATABASE"])
engine = create_engine(URL, pool_size=16)
if URL.get_backend_name() == "postgresql":
    engine = engine.execution_options(isolation_level="AUTOCOMMIT")
LOOK_UP = text(
    "select u.email, s.expires from sessions s "
    "join users u on u.id = s.user_id where s.digest = :digest"
)


@app.get("/profile")
def profile() -> Response:
    """Answer who is signed in."""
    token = request.cookies.get("session_id", "")
    digest = hashlib.sha256(token.encode()).digest()
    with engine.connect() as connection:
        row = connection.execute(LOOK_UP, {"digest": digest}).first()
    if row is None or row.expires < time.time():
        abort(401)
    return jsonify(email=row.email)
