"""The callback of one stored upload, from its template to its record in the history.

Source: OSS Callback page, "system variables". A callback is sent after the object is stored; if it fails, the
object stays.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from oss_emulator.bucket.state import Bucket
from oss_emulator.callback import faults
from oss_emulator.callback.body import Variables, fill_template, variable_names
from oss_emulator.callback.delivery import CallbackFailed, Timing, deliver
from oss_emulator.callback.image_info import image_info
from oss_emulator.callback.message import Message, Origin, signed_request
from oss_emulator.callback.parameter import Callback
from oss_emulator.errors import OssError, error_document, invalid_argument
from oss_emulator.history.records import Attempt, CallbackRecord
from oss_emulator.http_messages import Answer, Request
from oss_emulator.storage.object_version import StoredObject

IMAGE_VARIABLES = frozenset({"imageInfo.height", "imageInfo.width", "imageInfo.format"})
SNI_REGIONS = frozenset({"eu-west-1"})  # OSS: Callback page: the London region always sends SNI


@dataclass(frozen=True)
class StoredUpload:
    """A stored upload: the object, and the request that uploaded it, with its `x:` fields and OSS's name."""

    stored: StoredObject
    request: Request
    request_id: str
    fields: Mapping[str, str]
    operation: str


def send_callback(callback: Callback, uploaded: StoredUpload, bucket: Bucket) -> bytes:
    """Send the callback and return the application server's answer. Raises CallbackFailed.

    Success and failure are both recorded in the history.
    """
    now = bucket.now()
    variables = upload_variables(callback.body, uploaded, bucket)
    try:
        body = fill_template(callback.body, callback.body_type, variables, bucket.settings.switches)
    except CallbackFailed as failed:
        bucket.history.add_callback(_record(uploaded, b"", [], failed, now))
        raise
    sni = callback.sni or bucket.settings.region in SNI_REGIONS
    message = Message(body=body, body_type=callback.body_type, host=callback.host, sni=sni)
    origin = Origin(
        bucket=bucket.settings.bucket,
        request_id=uploaded.request_id,
        public_key_url=public_key_url(uploaded.request),
    )
    requests = [signed_request(url, message, origin, key=bucket.key, now=now) for url in callback.urls]
    timing = _timing(bucket)
    record, send = faults.recording_sender(bucket.send, faults.callback_fault(bucket.faults), timing)
    failure: CallbackFailed | None = None
    try:
        return deliver(requests, send, timing)
    except CallbackFailed as failed:
        failure = failed
        raise
    finally:
        bucket.history.add_callback(_record(uploaded, body, record.attempts, failure, now))


def callback_answer(
    callback: Callback, uploaded: StoredUpload, bucket: Bucket, headers: Mapping[str, str]
) -> Answer:
    """Send the callback; answer 200 with its reply, or 203 if it failed (OSS: Callback and 203 pages)."""
    try:
        reply = send_callback(callback, uploaded, bucket)
    except CallbackFailed as failed:
        error = OssError(203, "CallbackFailed", failed.message, failed.ec)
        host = uploaded.request.headers.get("host", "")
        told = error_document(
            error, request_id=uploaded.request_id, host_id=host, region=bucket.settings.region
        )
        return Answer(203, {**headers, "Content-Type": "application/xml", "x-oss-ec": failed.ec}, told)
    return Answer(200, {**headers, "Content-Type": "application/json"}, reply)


def both_callbacks() -> OssError:
    """400 for a callback that comes in two ways (OSS: 400 page, EC 0007-00000027)."""
    message = (
        "Either the callback query string parameter or the x-oss-callback header should be specified, "
        "not both."
    )
    return invalid_argument(message, "0007-00000027", name="callback")


def public_key_url(request: Request) -> str:
    """Return the address of the public key that verifies this emulator's callbacks."""
    return f"{request.address}/-/callback_pub_key.pem"


def upload_variables(template: str, uploaded: StoredUpload, bucket: Bucket) -> Variables:
    """Return the values of the variables that a callback may use; `x:` names in lower case.

    `vpcId` has no value here, as for every upload that does not go through a VPC.
    """
    stored = uploaded.stored
    custom = {name: value for name, value in uploaded.fields.items() if name.startswith("x:")}
    image = _image_variables(stored, bucket) if variable_names(template) & IMAGE_VARIABLES else {}
    return {
        **custom,
        **image,
        "bucket": bucket.settings.bucket,
        "object": stored.key,
        "etag": stored.etag,
        "size": stored.size,
        "mimeType": stored.headers["Content-Type"],
        "crc64": stored.crc64,
        "contentMd5": stored.content_md5 or None,
        "clientIp": uploaded.request.client_ip,
        "reqId": uploaded.request_id,
        "operation": uploaded.operation,
    }


def _image_variables(stored: StoredObject, bucket: Bucket) -> Variables:
    opened = bucket.store.open(stored.key, stored.version_id)
    if opened is None:
        return {}
    found, content = opened
    with closing(content):
        # Another upload may have overwritten the object since.
        info = image_info(content) if found.content_file == stored.content_file else None
    if info is None:
        return {}
    return {
        "imageInfo.height": info.height,
        "imageInfo.width": info.width,
        "imageInfo.format": info.format,
    }


def _timing(bucket: Bucket) -> Timing:
    fault = bucket.faults.strike("callback_limit")
    return replace(bucket.timing, limit_seconds=fault.options["seconds"]) if fault else bucket.timing


def _record(
    uploaded: StoredUpload, body: bytes, attempts: list[Attempt], failure: CallbackFailed | None, now: float
) -> CallbackRecord:
    return CallbackRecord(
        time=now,
        request_id=uploaded.request_id,
        key=uploaded.stored.key,
        body=body,
        attempts=attempts,
        message=failure.message if failure else "",
        ec=failure.ec if failure else "",
    )
