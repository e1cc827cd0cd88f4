"""A backend that owns the uploaded files: it lists them by upload id and shows each to its user only."""

import os
import re
import threading
import time
from typing import Any
from urllib.parse import quote

import jwt
from alibabacloud_oss_v2.exceptions import OperationError
from flask import Flask, abort, request
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import storage

app = Flask(__name__)
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
secret = os.environ.get("AUTH_HS256_SECRET", "")
key_set = None if secret else jwt.PyJWKClient(os.environ["AUTH_JWKS"])  # an address

PREFIX = "uploads/"  # UPLOAD_PREFIX of the functions
KEY = re.compile(r".+/(?P<user>[^/]+)/\d{4}/\d\d/\d\d/(?P<id>[0-9a-z]{26})(\.\w+)?")
NO_EVENT_SECONDS = 25 * 3600  # a grant lives for a day at most; an hour more for the clocks

# Use your database for both: one row for each upload id, with a unique key.
files: dict[str, dict[str, Any]] = {}
records = {"17": {"owner": "alice", "title": "Expenses"}, "18": {"owner": "alice", "title": "Travel"}}


def signing_key(token: str) -> jwt.PyJWK | str:
    """Return the shared secret, or the key of the provider's key set that the token names."""
    return key_set.get_signing_key_from_jwt(token) if key_set else secret


def signed_in() -> str:
    """Return the user of the token that the page also sends to the token function, or answer 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        claims = jwt.decode(
            token,
            signing_key(token),
            algorithms=["HS256"] if secret else ["RS256", "ES256", "EdDSA"],
            issuer=os.environ["AUTH_ISSUER"],
            audience=os.environ["AUTH_AUDIENCE"],
            options={"require": ["exp", "sub"]},
        )
    except jwt.PyJWTError:
        abort(401)
    if scheme.lower() != "bearer" or not claims["sub"]:
        abort(401)
    return str(claims["sub"])


def own_file(upload_id: str) -> dict[str, Any]:
    """Return the row of a file of the signed-in user; for anybody else's, answer 404 as for none."""
    user = signed_in()
    row = files.get(upload_id)
    if row is None or row["user"] != user or row["deleted"]:
        abort(404)
    return row


def own_record(record_id: str) -> dict[str, str]:
    """Return a record of the signed-in user, or answer 404."""
    user = signed_in()
    record = records.get(record_id)
    if record is None or record["owner"] != user:
        abort(404)
    return record


@app.post("/uploads")
def uploaded() -> dict[str, str]:
    """Take the event of the callback function."""
    try:
        upload = webhook.verify(request.get_data(), dict(request.headers))["data"]
    except WebhookVerificationError:
        abort(401)
    row = files.setdefault(upload["id"], {**upload, "record": "", "deleted": False})
    if row["etag"] != upload["etag"]:
        abort(409)  # other bytes, stored after the first ones were deleted
    return {"url": f"/files/{row['id']}"}


@app.put("/records/<record_id>/files/<upload_id>")
def join(record_id: str, upload_id: str) -> tuple[str, int]:
    """Join an upload with a record: both must belong to the signed-in user."""
    own_record(record_id)
    row = own_file(upload_id)
    if row["record"] not in {"", record_id}:
        abort(409)  # it belongs to another record
    row["record"] = record_id
    return "", 204


@app.get("/records/<record_id>")
def show_record(record_id: str) -> dict[str, object]:
    """Answer with a record and its files."""
    record = own_record(record_id)
    joined = [row for row in files.values() if row["record"] == record_id and not row["deleted"]]
    return {"title": record["title"], "files": [{"id": row["id"], "name": row["name"]} for row in joined]}


@app.get("/files/<upload_id>")
def show(upload_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """Answer with a short-lived address; `?download` makes browsers save what they would show."""
    row = own_file(upload_id)
    disposition = f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}"
    url = storage.address(row["key"], disposition if "download" in request.args else None)
    return {"url": url, "type": row["type"]}, {"Cache-Control": "no-store"}


@app.delete("/files/<upload_id>")
def delete(upload_id: str) -> tuple[str, int]:
    """Hide the file at once; `sweep` deletes its object."""
    own_file(upload_id)["deleted"] = True
    return "", 204


def sweep(now: float) -> None:
    """Delete what was deleted, and move what has a record out of the folder of uploads.

    Only after `expires_at`, in epoch seconds: before, the page could store the file once more.
    """
    for row in [row for row in files.values() if row["expires_at"] <= now]:
        try:
            if row["deleted"]:
                storage.delete(row["key"])
                del files[row["id"]]
            elif row["record"] and not row["key"].startswith("files/"):
                move(row, f"files/{row['key'].rpartition('/')[2]}")
        except OperationError:
            app.logger.exception("sweep of %s", row["id"])  # the next run tries again


def move(row: dict[str, Any], new_key: str) -> None:
    """Move the object of a row; a crash at any moment leaves an object too many, and none too few."""
    old_key = row["key"]
    storage.copy(old_key, new_key)
    row["key"] = new_key
    storage.delete(old_key)


def reconcile(now: float) -> None:
    """Make a row for each upload whose event never came; finish what `move` began; report what is missing.

    Only for objects of which no event can come any more. A row made here has no `data` and no `page_data`,
    which only the event has.
    """
    expected = {row["key"]: row["id"] for row in files.values() if row["key"].startswith(PREFIX)}
    for key, stored_at in storage.stored(PREFIX):
        expected.pop(key, None)
        match = KEY.fullmatch(key)
        if not match or now < stored_at + NO_EVENT_SECONDS:
            continue
        row = files.get(match["id"])
        if row is None:
            user = "" if match["user"][0] in "_~" else match["user"]
            made: dict[str, Any] = {"id": match["id"], "key": key, "user": user, "data": {}, "page_data": {}}
            made |= {"expires_at": 0, **storage.describe(key), "record": "", "deleted": False}
            files[made["id"]] = made
            app.logger.warning("made a row for %s", key)
        elif row["key"] != key:
            storage.delete(key)
    for upload_id in expected.values():
        app.logger.error("%s has a row and no object", upload_id)


def tidy_hourly() -> None:
    """Sweep and reconcile until the process ends; a scheduled job does it where several processes serve."""
    while True:
        time.sleep(3600)
        sweep(time.time())
        try:
            reconcile(time.time())
        except OperationError:
            app.logger.exception("reconcile")  # the next run tries again


if __name__ == "__main__":
    threading.Thread(target=tidy_hourly, daemon=True).start()
    app.run(port=int(os.environ.get("PORT", "3000")))
