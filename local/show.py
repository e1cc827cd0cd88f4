"""`make show`: a link to the newest upload of `make run`, valid for an hour; KEY=... names another one.

UPLOAD_PORT, HOST, UPLOAD_BUCKET, OSS_REGION and the AccessKey are those that `make run` got.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from local.development_settings import BUCKET, CREDENTIALS, REGION, credentials
from local.run import DEFAULT_PORTS
from vendored import oss_signing

VALID_SECONDS = 3600
ASK_SECONDS = 5


def link(env: Mapping[str, str], now: float) -> str:
    """Return a presigned address (V4); exit with a sentence where there is nothing to show."""
    port = env.get("UPLOAD_PORT") or str(DEFAULT_PORTS["UPLOAD_PORT"])
    key = env.get("KEY") or newest(f"http://127.0.0.1:{port}")
    return f"http://{env.get('HOST') or '127.0.0.1'}:{port}/{quote(key)}?{signed_query(env, key, now)}"


def newest(bucket: str) -> str:
    """Return the key of the object that was stored last."""
    try:
        with urllib.request.urlopen(f"{bucket}/-/objects", timeout=ASK_SECONDS) as answer:  # noqa: S310 - http
            stored = json.load(answer)["objects"]
    except (urllib.error.URLError, ValueError, KeyError):
        sys.exit(
            f"No upload bucket answers at {bucket}: start make run, or name the port with UPLOAD_PORT=..."
        )
    if not stored:
        sys.exit("Nothing is stored yet: upload a file in the page.")
    return str(stored[0]["key"])


def signed_query(env: Mapping[str, str], key: str, now: float) -> str:
    """Sign a GET of this object by OSS's V4 for presigned addresses."""
    defaults = {"UPLOAD_BUCKET": BUCKET, "OSS_REGION": REGION}
    bucket, region = (env.get(name) or default for name, default in defaults.items())
    identity, secret, token = (credentials(env).get(name, "") for name in CREDENTIALS)
    date = oss_signing.utc_stamp(now)
    query = {
        "x-oss-credential": f"{identity}/{oss_signing.scope(date[:8], region)}",
        "x-oss-date": date,
        "x-oss-expires": str(VALID_SECONDS),
        "x-oss-signature-version": oss_signing.ALGORITHM_V4,
        **({"x-oss-security-token": token} if token else {}),
    }
    canonical = oss_signing.canonical_request("GET", bucket, key, query, {})
    to_sign = oss_signing.string_to_sign(canonical, date, region)
    signature = oss_signing.signature_v4(to_sign, oss_signing.signing_key(secret, date[:8], region))
    return urlencode({**query, "x-oss-signature": signature}, quote_via=quote, safe="")


if __name__ == "__main__":
    print(link(os.environ, time.time()))
