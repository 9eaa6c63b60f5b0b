from flask import Flask
from vestibule import Vestibule, current_user, login_required

app = Flask(__name__)
Vestibule(app)


@app.get("/members")
@login_required
def members() -> str:
    return f"Hello {current_user.username}"
