"""Who signed this form? V4 and V1 signatures over the policy field's text, checked step by step.

Source: OSS PostObject page; V4 form signature page; EC 0002-00000701 to -710 (their HTTP statuses, but for
the mismatch's 403, are unconfirmed: 400, as every known fault of a field). The policy is not read here.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping

from oss import v4
from oss.credentials import Credential, find_credential
from oss.errors import OssError, bucket_acl_denied, invalid_argument

V1_FIELDS = ("ossaccesskeyid", "policy", "signature")


def verify_form(
    fields: Mapping[str, str], known: Iterable[Credential], *, region: str, now: float, v1_allowed: bool
) -> bool:
    """Verify the form's signature; True if it is V4, False for V1. Raises OssError.

    The order is: the fields are there -> key id and token -> date and credential -> signature.
    """
    if "x-oss-signature-version" in fields:
        _verify_v4(fields, known, region=region, now=now)
        return True
    if not any(name in fields for name in V1_FIELDS):
        raise bucket_acl_denied()  # anonymous, and the bucket is private
    _verify_v1(fields, known, now=now, allowed=v1_allowed)
    return False


def _verify_v4(fields: Mapping[str, str], known: Iterable[Credential], *, region: str, now: float) -> None:
    if fields["x-oss-signature-version"] != v4.VERSION:
        raise _wrong_field(fields, "x-oss-signature-version", "0002-00000701")
    policy = _needed(fields, "policy", "0002-00000702")
    signature = _needed(fields, "x-oss-signature", "0002-00000703")
    if not signature:
        raise invalid_argument("Post request signature is empty.", "0002-00000704")
    scope = _scope(fields)
    key = _credential(fields, known, scope.access_key_id, now)
    _check_scope(fields, scope, region=region, now=now)
    expected = v4.sign(v4.signing_key(key.access_key_secret, scope), policy)
    _compare(expected, signature, key.access_key_id, policy)


def _scope(fields: Mapping[str, str]) -> v4.Scope:
    scope = v4.parse_scope(_needed(fields, "x-oss-credential", "0002-00000708"))
    if scope is None or not scope.access_key_id.isprintable():
        raise _wrong_field(fields, "x-oss-credential", "0002-00000708")
    if scope.terminator != v4.TERMINATOR or scope.product != "oss":
        raise _wrong_field(fields, "x-oss-credential", "0002-00000710")
    return scope


def _check_scope(fields: Mapping[str, str], scope: v4.Scope, *, region: str, now: float) -> None:
    date = _needed(fields, "x-oss-date", "0002-00000709")
    seconds = v4.parse_date(date)
    if seconds is None or seconds - now > v4.SKEW_SECONDS or now - seconds > v4.LIFETIME_SECONDS:
        raise _wrong_field(fields, "x-oss-date", "0002-00000709")
    if scope.day != date[:8]:
        raise _wrong_field(fields, "x-oss-credential", "0002-00000709")
    if scope.region != region:
        raise _wrong_field(fields, "x-oss-credential", "0002-00000708")


def _verify_v1(fields: Mapping[str, str], known: Iterable[Credential], *, now: float, allowed: bool) -> None:
    if not allowed:
        raise OssError(403, "AccessDenied", "V1 signature is not allowed.", "0002-00000080")
    access_key_id = _needed(fields, "OSSAccessKeyId", "0002-00000706")
    if not access_key_id:
        raise invalid_argument("Post request accessKeyId is empty.")
    policy = _needed(fields, "policy", "0002-00000702")
    signature = _needed(fields, "Signature", "0002-00000703")
    if not signature:
        raise invalid_argument("Post request signature is empty.", "0002-00000704")
    key = _credential(fields, known, access_key_id, now)
    mac = hmac.new(key.access_key_secret.encode(), policy.encode(), hashlib.sha1).digest()
    _compare(base64.b64encode(mac).decode(), signature, access_key_id, policy)


def _credential(
    fields: Mapping[str, str], known: Iterable[Credential], access_key_id: str, now: float
) -> Credential:
    token = fields.get("x-oss-security-token", "")
    return find_credential(known, access_key_id=access_key_id, security_token=token, now=now)


def _compare(expected: str, provided: str, access_key_id: str, string_to_sign: str) -> None:
    if not hmac.compare_digest(expected.encode(), provided.encode()):
        raise signature_mismatch("0002-00000705", access_key_id, provided, string_to_sign)


def signature_mismatch(ec: str, access_key_id: str, provided: str, string_to_sign: str) -> OssError:
    """403 with what OSS signed, as its answers show it (php-sdk #158)."""
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
    return OssError(403, "SignatureDoesNotMatch", message, ec, details)


def _needed(fields: Mapping[str, str], name: str, ec: str) -> str:
    if name.lower() not in fields:
        message = (
            f"The bucket POST must contain the specified '{name}'. "
            "If it is specified, please check the order of the fields"
        )
        raise invalid_argument(message, ec, name=name)
    return fields[name.lower()]


def _wrong_field(fields: Mapping[str, str], name: str, ec: str) -> OssError:
    return invalid_argument(f"The value of {name} is invalid.", ec, name=name, value=fields.get(name, ""))
