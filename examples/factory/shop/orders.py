"""The pages of orders, for whoever is signed in."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop.models import Order, db
from vestibule import current_user, login_required

orders = Blueprint("orders", __name__, url_prefix="/orders")


@orders.before_request
@login_required
def only_signed_in() -> None:
    """Guard every view of this blueprint."""


@orders.get("/")
def show() -> str:
    """Show one's own orders."""
    mine = db.select(Order).where(Order.user_id == current_user.id)
    return render_template(
        "orders.html", user=current_user, orders=db.session.scalars(mine)
    )


@orders.post("/")
def add() -> Response:
    """Order something."""
    what = request.form.get("what", "").strip()[:100]
    if what:
        db.session.add(Order(what=what, user_id=current_user.id))
        db.session.commit()
    return redirect(url_for("orders.show"))
