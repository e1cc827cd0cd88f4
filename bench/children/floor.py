"""The floors of a warm call: only the cryptography and the JSON of each function.

From event bytes to reply dict without any check, limit, log or refusal.
Run as: floor.py ORDER, where ORDER is the JSON that `warm.py` writes.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from warm_calls import Call, serve

ENVIRON = dict(os.environ)
PUBLIC_KEY = cast("RSAPublicKey", load_pem_public_key(ENVIRON["PUBLIC_KEY_PEM"].encode()))


def file_grant(event: bytes, _: object) -> dict[str, object]:
    """Answer a grant."""
    asked = json.loads(event)
    query, origin, env, now = asked["queryParameters"], asked["headers"]["Origin"], ENVIRON, int(time.time())
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    day, expires_at, upload_id = date[:8], now + 300, os.urandom(16).hex()
    key = f"uploads/_/{day}/{upload_id}.png"
    claims = {
        "v": 1,
        "id": upload_id,
        "key": key,
        "size": int(query["size"]),
        "sub": "",
        "iat": now,
        "exp": expires_at,
    }
    payload = base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=")
    mac = hmac.digest(env["TICKET_SECRET"].encode(), b"upload-ticket.v1." + payload, "sha256")
    ticket = f"{payload.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    body = f"ticket={ticket}&bucket=${{bucket}}&object=${{object}}&size=${{size}}&etag=${{etag}}"
    callback = {"callbackUrl": env["CALLBACK_URL"] + "/callback", "callbackBody": body, "callbackSNI": True}
    scope = f"{day}/{env['OSS_REGION']}/oss/aliyun_v4_request"
    name = query["name"]
    fields = {
        "key": key,
        "x-oss-content-type": query["type"],
        "Content-Disposition": f"inline; filename=\"{name}\"; filename*=UTF-8''{name}",
        "x-oss-forbid-overwrite": "true",
        "x-oss-object-acl": "private",
        "x-oss-storage-class": "Standard",
        "success_action_status": "200",
        "callback": base64.b64encode(json.dumps(callback, separators=(",", ":")).encode()).decode(),
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{env['ALIBABA_CLOUD_ACCESS_KEY_ID']}/{scope}",
        "x-oss-date": date,
        "x-oss-security-token": env["ALIBABA_CLOUD_SECURITY_TOKEN"],
    }
    document = {
        "expiration": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expires_at)),
        "conditions": [
            {"bucket": env["UPLOAD_BUCKET"]},
            ["content-length-range", claims["size"], claims["size"]],
            *({name.lower(): value} for name, value in fields.items()),
        ],
    }
    policy = base64.b64encode(json.dumps(document, separators=(",", ":")).encode())
    signing_key = ("aliyun_v4" + env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]).encode()
    for part in scope.split("/"):
        signing_key = hmac.digest(signing_key, part.encode(), "sha256")
    fields["policy"] = policy.decode()
    fields["x-oss-signature"] = hmac.digest(signing_key, policy, "sha256").hex()
    grant = {
        "id": upload_id,
        "url": env["UPLOAD_HOST"] + "/",
        "method": "POST",
        "key": key,
        "fields": fields,
        "expires_in": 300,
        "ticket": ticket,
        "confirm": env["CALLBACK_URL"] + "/confirm",
    }
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": origin}
    return {"statusCode": 200, "headers": headers, "isBase64Encoded": False, "body": json.dumps(grant)}


def callback(event: bytes, _: object) -> dict[str, object]:
    """Answer a callback whose object is there: its HEAD is not in the floor."""
    asked = json.loads(event)
    form = dict(parse_qsl(asked["body"]))
    payload, mac = form["ticket"].split(".")
    expected = hmac.digest(
        ENVIRON["TICKET_SECRET"].encode(), b"upload-ticket.v1." + payload.encode(), "sha256"
    )
    if not hmac.compare_digest(base64.urlsafe_b64encode(expected).rstrip(b"=").decode(), mac):
        return {"statusCode": 403}
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    message = asked["requestContext"]["http"]["path"].encode() + b"\n" + asked["body"].encode()
    base64.b64decode(asked["headers"]["X-Oss-Pub-Key-Url"])
    signature = base64.b64decode(asked["headers"]["Authorization"])
    PUBLIC_KEY.verify(signature, message, PKCS1v15(), MD5())  # noqa: S303 - OSS signs with nothing else
    answer = {
        "Status": "OK",
        "id": claims["id"],
        "key": claims["key"],
        "size": claims["size"],
        "etag": form["etag"],
        "type": "image/png",
        "name": "a.png",
    }
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": ENVIRON["ALLOWED_ORIGINS"]}
    return {"statusCode": 200, "headers": headers, "isBase64Encoded": False, "body": json.dumps(answer)}


def main(order_path: str) -> None:
    """Measure both floors when asked."""
    events = json.loads(Path(order_path).read_text())["events"]
    floors = {"file grant": file_grant, "callback": callback}
    serve(
        {
            f"{name}, floor": Call(answer, cycle([event.encode() for event in events[name]]))
            for name, answer in floors.items()
        }
    )


if __name__ == "__main__":
    main(sys.argv[1])
