#!/usr/bin/env python3
"""The Flask application of the auth-service contract.

``flask run`` from this folder serves it; so does running this file.
"""

import _path  # noqa: F401

from vestibule.doors.server import development_app

app = development_app()

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=app.config["VESTIBULE_PORT"])
