"""V4 and V1 signatures of forms, which cover the text of the policy field, checked step by step.

Source: OSS PostObject page; V4 form signature page; EC 0002-00000080, -701 to -710 (their HTTP statuses, but
for the mismatch's 403, are unconfirmed: 400, as every known fault of a field). The policy's content is not
read here.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Literal

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential
from oss_emulator.auth.v4 import utc
from oss_emulator.errors import OssError, invalid_argument, v1_not_allowed

# OSS: PostObject page: one of these makes the others necessary, even where anonymous uploads are allowed.
SIGNATURE_FIELDS = frozenset({"ossaccesskeyid", "policy", "signature"}) | {
    f"x-oss-{name}" for name in ("signature-version", "credential", "date", "signature")
}

SignatureVersion = Literal["V4", "V1", "not"]
FindKey = Callable[[str, str], Credential]


def verify_form(
    fields: Mapping[str, str], find_key: FindKey, *, region: str, now: float, v1_allowed: bool
) -> SignatureVersion:
    """Verify the form's signature and return its version; `not` is a form without signature. Raises OssError.

    `find_key(access_key_id, security_token)` returns the key or raises OssError. The order of checks is:
    presence of the fields -> key id and token -> date and credential -> signature. A form without a version
    field is V1 (EC 0002-00000701: "delete the field and use the default signature version").
    """
    if not SIGNATURE_FIELDS & set(fields):
        return "not"
    if "x-oss-signature-version" in fields:
        _verify_v4(fields, find_key, region=region, now=now)
        return "V4"
    _verify_v1(fields, find_key, allowed=v1_allowed)
    return "V1"


def claimed_form_signer(fields: Mapping[str, str]) -> str:
    """Return the access key id and the version that a form says it is signed with, verified or not."""
    if "x-oss-credential" in fields:
        return f"{fields['x-oss-credential'].partition('/')[0]} V4"
    return f"{fields['ossaccesskeyid']} V1" if "ossaccesskeyid" in fields else "anonymous"


def _verify_v4(fields: Mapping[str, str], find_key: FindKey, *, region: str, now: float) -> None:
    if fields["x-oss-signature-version"] != v4.VERSION:
        raise _wrong_field(fields, "x-oss-signature-version", "0002-00000701", expected=v4.VERSION)
    policy = _required(fields, "policy", "0002-00000702")
    signature = _required_signature(fields, "x-oss-signature")
    scope = _scope(fields)
    key = find_key(scope.access_key_id, fields.get("x-oss-security-token", ""))
    _check_scope(fields, scope, region=region, now=now)
    expected = v4.sign(v4.signing_key(key.access_key_secret, scope), policy)
    _compare(expected, signature, key.access_key_id, policy)


def _scope(fields: Mapping[str, str]) -> v4.Scope:
    scope = v4.parse_scope(_required(fields, "x-oss-credential", "0002-00000708"))
    expected = f"<AccessKeyId>/<YYYYMMDD>/<region>/oss/{v4.TERMINATOR}"
    if scope is None or not scope.access_key_id.isprintable():
        raise _wrong_field(fields, "x-oss-credential", "0002-00000708", expected=expected)
    if scope.terminator != v4.TERMINATOR or scope.product != v4.PRODUCT:
        raise _wrong_field(fields, "x-oss-credential", "0002-00000710", expected=expected)
    return scope


def _check_scope(fields: Mapping[str, str], scope: v4.Scope, *, region: str, now: float) -> None:
    date = _required(fields, "x-oss-date", "0002-00000709")
    seconds = v4.parse_date(date)
    if seconds is None or seconds - now > v4.SKEW_SECONDS or now - seconds > v4.LIFETIME_SECONDS:
        expected = f"at most 15 minutes ahead of {utc(now)}, the emulator's time, and 7 days before it"
        raise _wrong_field(fields, "x-oss-date", "0002-00000709", expected=expected)
    if scope.day != date[:8]:
        expected = f"the day of x-oss-date, {date[:8]}"
        raise _wrong_field(fields, "x-oss-credential", "0002-00000709", expected=expected)
    if scope.region != region:
        raise _wrong_field(fields, "x-oss-credential", "0002-00000708", expected=f"the region {region}")


def _verify_v1(fields: Mapping[str, str], find_key: FindKey, *, allowed: bool) -> None:
    access_key_id = _required(fields, "OSSAccessKeyId", "0002-00000706")
    if not access_key_id:
        raise invalid_argument("Post request accessKeyId is empty.", "0002-00000707", name="OSSAccessKeyId")
    policy = _required(fields, "policy", "0002-00000702")
    signature = _required_signature(fields, "Signature")
    if not allowed:
        raise v1_not_allowed().explained(
            expected=f"x-oss-signature-version: {v4.VERSION}, or LOCAL_OSS_V1_SIGNATURES=accept", got="none"
        )
    key = find_key(access_key_id, fields.get("x-oss-security-token", ""))
    mac = hmac.new(key.access_key_secret.encode(), policy.encode(), hashlib.sha1).digest()
    _compare(base64.b64encode(mac).decode(), signature, access_key_id, policy)


def _compare(expected: str, provided: str, access_key_id: str, string_to_sign: str) -> None:
    if not hmac.compare_digest(expected.encode(), provided.encode()):
        raise signature_mismatch("0002-00000705", access_key_id, provided, string_to_sign)


def signature_mismatch(ec: str, access_key_id: str, provided: str, string_to_sign: str) -> OssError:
    """403 with the string that OSS signed, as its answers show it (php-sdk #158)."""
    message = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )
    details = {
        "OSSAccessKeyId": access_key_id,
        "SignatureProvided": provided,
        "StringToSign": string_to_sign,
        "StringToSignBytes": string_to_sign.encode().hex(" ").upper(),
    }
    error = OssError(403, "SignatureDoesNotMatch", message, ec, details)
    return error.explained(expected_string_to_sign=string_to_sign, got_signature=provided)


def _required(fields: Mapping[str, str], name: str, ec: str) -> str:
    if name.lower() not in fields:
        message = (
            f"The bucket POST must contain the specified '{name}'. "
            "If it is specified, please check the order of the fields"
        )
        raise invalid_argument(message, ec, name=name).explained(
            field=name, expected="a field before the file", got="none"
        )
    return fields[name.lower()]


def _required_signature(fields: Mapping[str, str], name: str) -> str:
    signature = _required(fields, name, "0002-00000703")
    if not signature:
        raise invalid_argument("Post request signature is empty.", "0002-00000704", name=name)
    return signature


def _wrong_field(fields: Mapping[str, str], name: str, ec: str, *, expected: str) -> OssError:
    got = fields[name]
    error = invalid_argument(f"The value of {name} is invalid.", ec, name=name, value=got)
    return error.explained(field=name, expected=expected, got=got)
