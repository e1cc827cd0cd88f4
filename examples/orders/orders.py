"""An order and its pictures: your server says which order an upload belongs to, and shows what was stored.

The page asks for a permit, uploads, and shows the order again. A picture is joined with its order by the
callback function's event: its `data` is what this server signed into the permit. `page_data` would be no more
than the page's word.
"""

import hmac
import os
import sqlite3
from pathlib import Path

from flask import Flask, abort, redirect, render_template, request, send_from_directory, session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from werkzeug.wrappers import Response

import storage
from permits import ORDERS, own_order, permits

HERE = Path(__file__).resolve().parent
SIGN_IN = """<!doctype html><title>Sign in</title>
<form method="post">
  <label>User <input name="user" value="alice"></label>
  <label>Password <input name="password" type="password"></label>
  <button>Sign in</button>
</form>
"""
TABLE = """
CREATE TABLE IF NOT EXISTS pictures (id TEXT PRIMARY KEY, etag TEXT, order_id TEXT, key TEXT, name TEXT)
"""

app = Flask(__name__, template_folder=HERE, static_folder=None)
app.secret_key = os.environ["SESSION_SECRET"]
app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
app.register_blueprint(permits)
webhook = Webhook(os.environ["WEBHOOK_SECRET"])


def database() -> sqlite3.Connection:
    """Return a connection that commits each statement."""
    connection = sqlite3.connect(os.environ["DATABASE"], isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute(TABLE)
    return connection


@app.get("/")
def ask_who() -> str:
    """Ask who is there. Your application does this already, and better."""
    return SIGN_IN


@app.post("/")
def sign_in() -> Response:
    """Begin a session, and show the user's order."""
    given, expected = request.form["password"].encode(), os.environ["DEMO_PASSWORD"].encode()
    user = request.form["user"]
    own = [order for order, owner in ORDERS.items() if owner == user]
    if not hmac.compare_digest(given, expected) or not own:
        abort(401)
    session["user"] = user
    return redirect(f"/orders/{own[0]}", 303)


@app.get("/orders/<order>")
def show_order(order: str) -> str:
    """Answer with the order's page."""
    own_order(order)
    return render_template("order.html", order=order, token_url=os.environ["TOKEN_URL"])


@app.get("/orders/<order>/pictures")
def list_pictures(order: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Answer with the order's pictures, each with an address that lives for a minute."""
    own_order(order)
    connection = database()
    rows = connection.execute("SELECT key, name FROM pictures WHERE order_id = ? ORDER BY id", [order])
    pictures = [{"name": row["name"], "url": storage.address(row["key"])} for row in rows]
    connection.close()
    return pictures, {"Cache-Control": "no-store"}


@app.post("/uploads")
def uploaded() -> dict[str, str]:
    """Take the event of the callback function: one row for each upload."""
    try:
        upload = webhook.verify(request.get_data(), dict(request.headers))["data"]
    except WebhookVerificationError:
        abort(401)
    order = upload["data"].get("order")
    if order is None:
        abort(422)  # no permit of ours
    row = [upload["id"], upload["etag"], order, upload["key"], upload["name"]]
    connection = database()
    connection.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)
    (etag,) = connection.execute("SELECT etag FROM pictures WHERE id = ?", [upload["id"]]).fetchone()
    connection.close()
    if etag != upload["etag"]:
        abort(409)  # other bytes, stored after the first ones were deleted
    return {"order": order}


@app.get("/upload.js")
def library() -> Response:
    """Answer with the upload library, which lies beside this file."""
    return send_from_directory(HERE, "upload.js")


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "3000")))
