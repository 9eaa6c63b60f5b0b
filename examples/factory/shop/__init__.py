"""A shop whose customers have accounts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from shop.models import db
from shop.orders import orders
from vestibule import Vestibule

vestibule = Vestibule(url_prefix="/account")


def create_app(config: Mapping[str, Any] | None = None) -> Flask:
    """Make the shop, with changes to its configuration as for a test."""
    app = Flask(__name__)
    app.config.from_mapping(
        VESTIBULE_SITE_NAME="Lamps",
        VESTIBULE_AFTER_LOGIN="/orders/",
        VESTIBULE_DATABASE_URL=f"sqlite:///{Path(app.instance_path)}/shop.db",
    )
    app.config.from_mapping(config or {})
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config[
        "VESTIBULE_DATABASE_URL"
    ]
    vestibule.init_app(app)
    db.init_app(app)
    app.register_blueprint(orders)
    with app.app_context():
        db.create_all()
    return app
