"""A permit for one picture of one order: what your server says, the page cannot change.

The user is the one of your own cookie session. Nothing of it leaves your server: the token function sees the
permit alone. `PERMIT_SECRET` is the token function's; nobody else needs it.
"""

import os
import secrets
import time

import jwt
from flask import Blueprint, abort, session

SECRET = os.environ["PERMIT_SECRET"]
LIFE_SECONDS = 300
ORDERS = {"17": "alice", "18": "bob"}  # use your database: whose is the order?

permits = Blueprint("permits", __name__)


def own_order(order: str) -> str:
    """Return the signed-in user, whose order it is; for anybody else's order, answer 404 as for none."""
    user = session.get("user")
    if user is None:
        abort(401)
    if ORDERS.get(order) != user:
        abort(404)
    return str(user)


def sign_permit(user: str, order: str) -> str:
    """Sign a permit for one object. However often it is used, there is no second."""
    now = int(time.time())
    claims = {
        "sub": user,
        "iat": now,
        "exp": now + LIFE_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "upload": {"max_bytes": 10 * 1024**2, "types": ["image/*"], "data": {"order": order}},
    }
    return jwt.encode(claims, SECRET, algorithm="HS256", headers={"typ": "upload-permit+jwt"})


@permits.post("/orders/<order>/permit")
def permit(order: str) -> tuple[dict[str, str], dict[str, str]]:
    """Answer the page; a page of another site can send this request, and cannot read the answer."""
    return {"permit": sign_permit(own_order(order), order)}, {"Cache-Control": "no-store"}
