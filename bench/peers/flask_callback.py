"""The callback as Alibaba's samples have it: Flask, `cryptography` for the signature, `oss2` for the HEAD."""

from __future__ import annotations

import base64
import os
from typing import Any, cast

import oss2
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Flask, jsonify, request
from wsgi import handler_of

app = Flask(__name__)
public_key = cast("RSAPublicKey", load_pem_public_key(os.environ["PUBLIC_KEY_PEM"].encode()))
credentials = oss2.StsAuth(
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
    os.environ["ALIBABA_CLOUD_SECURITY_TOKEN"],
    auth_version="v4",
)
bucket = oss2.Bucket(
    credentials, os.environ["OBJECT_URL"], os.environ["UPLOAD_BUCKET"], region=os.environ["OSS_REGION"]
)


@app.post("/callback")
def callback() -> Any:
    """Verify OSS's signature and look at the object."""
    body = request.get_data()
    base64.b64decode(request.headers["X-Oss-Pub-Key-Url"])
    signature = base64.b64decode(request.headers["Authorization"])
    message = request.path.encode() + b"\n" + body
    public_key.verify(signature, message, PKCS1v15(), MD5())  # noqa: S303 - OSS signs with nothing else
    form = dict(pair.split("=", 1) for pair in body.decode().split("&"))
    head = bucket.head_object(oss2.compat.to_unicode(oss2.urlunquote(form["object"])))
    return jsonify(Status="OK", size=head.content_length, etag=head.etag)


handler = handler_of(app)
