"""The grant as Alibaba's samples have it: Flask, and `alibabacloud-oss-v2` for the credentials."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import time
import uuid
from typing import Any

import alibabacloud_oss_v2 as oss
from flask import Flask, jsonify, request
from wsgi import handler_of

app = Flask(__name__)
# as the environment's provider wants them named
os.environ["OSS_ACCESS_KEY_ID"] = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"]
os.environ["OSS_ACCESS_KEY_SECRET"] = os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
os.environ["OSS_SESSION_TOKEN"] = os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"]
credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()


@app.get("/")
def grant() -> Any:
    """Answer a policy and its V4 signature for one key."""
    credentials, region = credentials_provider.get_credentials(), os.environ["OSS_REGION"]
    now, size = time.time(), int(request.args["size"])
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    scope = f"{date[:8]}/{region}/oss/aliyun_v4_request"
    key = f"uploads/_/{date[:8]}/{uuid.uuid4().hex}.png"
    callback = {
        "callbackUrl": os.environ["CALLBACK_URL"] + "/callback",
        "callbackBody": "bucket=${bucket}&object=${object}&size=${size}&etag=${etag}",
        "callbackBodyType": "application/x-www-form-urlencoded",
    }
    fields = {
        "key": key,
        "x-oss-content-type": request.args["type"],
        "callback": base64.b64encode(json.dumps(callback).encode()).decode(),
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{credentials.access_key_id}/{scope}",
        "x-oss-date": date,
        "x-oss-security-token": credentials.security_token,
    }
    policy = base64.b64encode(json.dumps(document(fields, size, now)).encode())
    signing_key = ("aliyun_v4" + credentials.access_key_secret).encode()
    for part in scope.split("/"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    fields["policy"] = policy.decode()
    fields["x-oss-signature"] = hmac.new(signing_key, policy, hashlib.sha256).hexdigest()
    return jsonify(url=os.environ["UPLOAD_HOST"] + "/", method="POST", key=key, fields=fields)


def document(fields: dict[str, str], size: int, now: float) -> dict[str, object]:
    """Return the policy."""
    return {
        "expiration": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now + 300)),
        "conditions": [
            {"bucket": os.environ["UPLOAD_BUCKET"]},
            ["content-length-range", size, size],
            *({name: value} for name, value in fields.items()),
        ],
    }


handler = handler_of(app)
