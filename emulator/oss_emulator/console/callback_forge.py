"""Replayed and forged callbacks with valid signatures, to test an application server with.

OSS's signature covers path, query and body and nothing else, and OSS uses one key for all its customers.
Everybody with a bucket can make OSS sign any body for any path, and everybody who has seen a callback can
send it again. An application server that only checks the signature accepts both.
Source: OSS Callback page, "signature"; the conclusion is ours.
"""

import dataclasses
import re
from collections.abc import Mapping

from oss_emulator.bucket.state import Bucket, new_request_id
from oss_emulator.callback.delivery import RecordingSender
from oss_emulator.callback.message import Message, Origin, signed_request
from oss_emulator.callback.parameter import FORM, JSON, CallbackUrl, parse_url, refuse_private_addresses
from oss_emulator.callback.transport import CallbackRequest, TooSlow, Unreachable
from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.history.records import Attempt

_ASCII = re.compile("[ -~]*")  # any other character would end or break a header
_SURROGATE = re.compile("[\ud800-\udfff]")

_REPLAY = frozenset({"replay"})
_FORGED = frozenset({"url", "body", "body_type", "bucket", "signed_path"})
_NEEDED = frozenset({"url", "body"})


def send(order: object, bucket: Bucket, *, public_key_url: str) -> dict[str, object]:
    """Send the callback that `order` describes; return request and reply as text for JSON.

    `{"replay": request_id}` sends the last recorded callback of that request again, byte for byte.
    `{"url", "body", "body_type"?, "bucket"?, "signed_path"?}` sends `body` to `url`. It is signed for the
    path of `url`, or for `signed_path`, and names this bucket, or `bucket`, as its origin; `body_type` is one
    of OSS's two. `public_key_url` is the address that the callback gives for the public key. Raises OssError
    for any other order, and for a private address unless the settings allow it.
    """
    if not isinstance(order, dict) or not all(isinstance(value, str) for value in order.values()):
        raise _wrong("an order is a JSON object of strings")
    names = set(order)
    if names == _REPLAY:
        request = _replayed(order["replay"], bucket)
    elif _NEEDED <= names <= _FORGED:
        request = _forged(order, bucket, public_key_url)
    else:
        raise _wrong("an order has replay, or url and body and optionally body_type, bucket and signed_path")
    return _sent(request, bucket)


def _replayed(request_id: str, bucket: Bucket) -> CallbackRequest:
    record = next((r for r in bucket.history.callbacks() if r.request_id == request_id), None)
    if record is None or not record.attempts:
        raise _wrong("replay is the request id of a callback that was sent and is still in the history")
    attempt = record.attempts[-1]
    if int(attempt.headers["Content-Length"]) != len(record.body):
        raise _wrong("the history has not kept that callback's whole body: it is too long")
    return CallbackRequest(
        url=_url(attempt.url, bucket),
        headers=attempt.headers,
        body=record.body,
        string_to_sign=attempt.string_to_sign,
        sni=True,
    )


def _forged(order: Mapping[str, str], bucket: Bucket, public_key_url: str) -> CallbackRequest:
    body_type = order.get("body_type", FORM)
    if body_type not in {FORM, JSON}:
        raise _wrong(f"body_type is {FORM} or {JSON}")
    named, signed_path = order.get("bucket", bucket.settings.bucket), order.get("signed_path", "")
    if not _ASCII.fullmatch(named + signed_path) or _SURROGATE.search(order["body"]):
        raise _wrong("body is text; bucket and signed_path are printable ASCII")
    message = Message(body=order["body"].encode(), body_type=body_type, sni=True)
    origin = Origin(bucket=named, request_id=new_request_id(bucket.now()), public_key_url=public_key_url)
    url = _url(order["url"], bucket)
    return signed_request(url, message, origin, key=bucket.key, now=bucket.now(), signed_path=signed_path)


def _url(text: str, bucket: Bucket) -> CallbackUrl:
    url = parse_url(text)
    if url is None:
        raise _wrong("url is an http or https address, as in callbackUrl")
    if not bucket.settings.private_callbacks:
        refuse_private_addresses([url], bucket.resolve)
    return url


def _sent(request: CallbackRequest, bucket: Bucket) -> dict[str, object]:
    record = RecordingSender(bucket.send)
    failure = ""
    try:
        record(request, bucket.timing.limit_seconds)
    except Unreachable:
        failure = "no connection"
    except TooSlow:
        failure = "no answer within the time limit"
    (attempt,) = record.attempts
    return {**_text(attempt), "body": request.body.decode(errors="replace"), "failure": failure}


def _text(attempt: Attempt) -> dict[str, object]:
    members = dataclasses.asdict(attempt)
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value
        for name, value in members.items()
    }


def _wrong(message: str) -> OssError:
    return invalid_argument(message)
