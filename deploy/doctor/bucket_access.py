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

from vendored.env import Credentials
from vendored.oss_signing import (
    ALGORITHM_V4,
    Signer,
    path_of,
    scope,
    sign_policy_v4,
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
        return f"{self.url.rstrip('/')}/{path_of(object_key)}"

    def headers(self, method: str, object_key: str, now: float) -> dict[str, str]:
        """Return the headers that sign a request without a body."""
        return self._signer(now).headers(method, object_key, {}, {})

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
        length = {"content-length": str(size_bytes)}
        target = self._signer(now).presigned_target("PUT", object_key, {}, length, LIFETIME_SECONDS)
        return self.url.rstrip("/") + target

    def _signer(self, now: float) -> Signer:
        return Signer(self.bucket, self.region, Credentials(*self.key), now)

    def _token(self) -> dict[str, str]:
        return {"x-oss-security-token": self.key.security_token} if self.key.security_token else {}
