"""The fields of a PostObject form that every grant has: policy, signature and `callback` parameter.

Never lives here: the conditions of one kind of grant (`file_grant.py`, `directory_grant.py`).

Source: Alibaba Cloud OSS, "PostObject" and its "Policy" section, "Callback".
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence

from grants.settings import Settings
from vendored import oss_signing
from vendored.env import Credentials

WRITER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
OSS_VARIABLES = "bucket=${bucket}&object=${object}&size=${size}&etag=${etag}"  # OSS replaces these


def write_policy(conditions: Sequence[object], expires_at: int) -> str:
    """Return a policy as the base64 text that is sent and signed; `expires_at` is in epoch seconds."""
    expiration = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expires_at))
    return base64_json({"expiration": expiration, "conditions": conditions})


def v4_fields(settings: Settings, credentials: Credentials, now: float) -> dict[str, str]:
    """Return the fields that tell OSS how a form is signed: under V4 each must be a condition."""
    date = oss_signing.utc_stamp(now)
    scope = oss_signing.scope(date[:8], settings.oss_region)
    fields = {
        "x-oss-signature-version": oss_signing.ALGORITHM_V4,
        "x-oss-credential": f"{credentials.access_key_id}/{scope}",
        "x-oss-date": date,
    }
    if credentials.security_token:
        fields["x-oss-security-token"] = credentials.security_token
    return fields


def sign_v4(policy: str, settings: Settings, credentials: Credentials, now: float) -> str:
    """Sign a policy with the key of today and of the settings' region."""
    day = oss_signing.utc_stamp(now)[:8]
    return oss_signing.sign_policy_v4(policy, credentials.access_key_secret, day, settings.oss_region)


def callback_parameter(callback_url: str, ticket: str) -> str:
    """Return the parameter as base64 JSON. Only the ticket is inserted into the body.

    The body's type is OSS's default, a form: naming it would cost a hundred characters of the policy.
    Function Compute's hosts share a certificate, so OSS must send SNI; a query would not reach the function.
    """
    return base64_json(
        {
            "callbackUrl": f"{callback_url}/callback",
            "callbackBody": f"ticket={ticket}&{OSS_VARIABLES}",
            "callbackSNI": True,
        }
    )


def base64_json(document: Mapping[str, object]) -> str:
    """Return the base64 of compact JSON, as OSS reads it in a form field."""
    return base64.b64encode(WRITER.encode(document).encode()).decode()
