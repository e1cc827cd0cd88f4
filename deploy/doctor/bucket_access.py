"""Requests to the upload bucket that the deployer's AccessKey signs. Pure: nothing is sent from here.

Sources: Alibaba Cloud OSS, "PostObject", and "Signature version 4" for headers and for URLs.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vendored.oss_signing import (
    ALGORITHM_V4,
    UNSIGNED_PAYLOAD,
    authorization_v4,
    canonical_request,
    scope,
    sign_policy_v4,
    signature_v4,
    signing_key,
    string_to_sign,
    uri_encode,
    utc_stamp,
)

if TYPE_CHECKING:  # the SDKs take a second to import
    from deploy.aliyun.clients import AccessKey

LIFETIME_SECONDS = 300


@dataclass(frozen=True)
class BucketAccess:
    """The upload bucket of a stack, its address, and an AccessKey that may write, read and delete below `prefix`.

    Times are in epoch seconds.
    """

    key: AccessKey = field(repr=False)
    region: str
    bucket: str
    url: str
    prefix: str

    def address(self, object_key: str) -> str:
        """Return the address of an object."""
        return f"{self.url.rstrip('/')}/{uri_encode(object_key, keep=b'/')}"

    def headers(self, method: str, object_key: str, now: float) -> dict[str, str]:
        """Return the headers that sign a request without a body."""
        date = utc_stamp(now)
        headers = {"x-oss-date": date, "x-oss-content-sha256": UNSIGNED_PAYLOAD, **self._token()}
        canonical = canonical_request(method, self.bucket, object_key, {}, headers)
        signature = self._sign(canonical, date)
        headers["Authorization"] = authorization_v4(self.key.access_key_id, date, self.region, signature)
        return headers

    def form(
        self, object_key: str, dated: float, now: float, more: Mapping[str, str]
    ) -> list[tuple[str, str]]:
        """Return a form whose x-oss-date is `dated`, and whose policy lives from now.

        `more` has further fields. Each has a condition that names it as it is written; all fields are sent in
        lower case.
        """
        date = utc_stamp(dated)
        named = {
            "key": object_key,
            "x-oss-signature-version": ALGORITHM_V4,
            "x-oss-credential": f"{self.key.access_key_id}/{scope(date[:8], self.region)}",
            "x-oss-date": date,
            **self._token(),
            **more,
        }
        ends = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now + LIFETIME_SECONDS))
        conditions = [{"bucket": self.bucket}, *({name: value} for name, value in named.items())]
        document = json.dumps({"expiration": ends, "conditions": conditions})
        policy = base64.b64encode(document.encode()).decode()
        signature = sign_policy_v4(policy, self.key.access_key_secret, date[:8], self.region)
        fields = {name.lower(): value for name, value in named.items()}
        return list({**fields, "policy": policy, "x-oss-signature": signature}.items())

    def put_address(self, object_key: str, size_bytes: int, now: float) -> str:
        """Return a presigned address for a PUT of exactly this size: `content-length` is an additional header."""
        date = utc_stamp(now)
        query = {
            "x-oss-signature-version": ALGORITHM_V4,
            "x-oss-credential": f"{self.key.access_key_id}/{scope(date[:8], self.region)}",
            "x-oss-date": date,
            "x-oss-expires": str(LIFETIME_SECONDS),
            "x-oss-additional-headers": "content-length",
            **self._token(),
        }
        length = {"content-length": str(size_bytes)}
        canonical = canonical_request("PUT", self.bucket, object_key, query, length, length)
        query["x-oss-signature"] = self._sign(canonical, date)
        pairs = (f"{name}={uri_encode(value)}" for name, value in query.items())
        return f"{self.address(object_key)}?{'&'.join(pairs)}"

    def _token(self) -> dict[str, str]:
        return {"x-oss-security-token": self.key.security_token} if self.key.security_token else {}

    def _sign(self, canonical: str, date: str) -> str:
        key = signing_key(self.key.access_key_secret, date[:8], self.region)
        return signature_v4(string_to_sign(canonical, date, self.region), key)
