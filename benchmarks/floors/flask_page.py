"""The floor of a page: plain Flask, and a Jinja template without logic.

/login is a sign-in page as anybody writes it: a layout, a form, and
``url_for`` where something is linked; nothing in it depends on who asks.
/constant is its finished HTML as a template, without even that.
"""

from flask import Flask, Response, render_template

app = Flask(__name__)


@app.get("/login")
def sign_in() -> str:
    """Show the page."""
    return render_template("sign_in.html")


@app.get("/constant")
def constant() -> str:
    """Show a template in which nothing is left to do."""
    return finished.render()


@app.get("/")
@app.get("/register", endpoint="register")
@app.get("/reset", endpoint="reset")
def home() -> Response:
    """Stand where the links of the page lead."""
    return Response(status=204)


with app.test_request_context("/login"):
    finished = app.jinja_env.from_string(sign_in())
