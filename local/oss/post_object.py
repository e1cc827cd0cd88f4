"""PostObject: a form upload from first byte to answer. The order of checks is this module's promise.

OSS documents no order; this is the stand-in's:

 1. the request is a multipart form of at most 5 GB
 2. fields up to `file`, and their sizes
 3. key
 4. signature fields, key id and token, date and credential, signature
 5. the policy's JSON
 6. its expiration (early, to refuse early)
 7. its conditions, then the fields that must be pinned
 8. the callback parameter
 9. metadata: final key, headers, ACL, storage class
10. forbid-overwrite
11. the content: largest size, whole form, smallest size
12. expiration again, now that the request is complete; Content-MD5
13. the object is stored, unless another upload of a key not to be overwritten was faster
14. the callback

Nothing is stored before 13, and nothing is undone after it. Source: OSS PostObject page.
"""

import base64
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from oss.bucket import Bucket
from oss.callback_body import callback_body, upload_variables
from oss.callback_delivery import CallbackFailed, deliver
from oss.callback_parameter import Callback, parse_callback
from oss.errors import OssError, error_document, file_already_exists, invalid_argument, xml_text
from oss.form import FIELD_LIMITS, Form, read_form
from oss.form_signature import verify_form
from oss.http_messages import Answer, ConnectionLost, Request
from oss.object_metadata import Metadata, metadata, required_key
from oss.policy import Policy, parse_policy
from oss.policy_check import check_conditions, check_expiration, check_largest_size, check_smallest_size
from oss.store import StoredObject

MAX_BODY_BYTES = 5 * 1024**3  # OSS: 400 error page, the whole form
CALLBACK_FAULTS = ("callback_down", "callback_slow", "callback_refused", "callback_crashed")


def post_object(request: Request, bucket: Bucket, request_id: str) -> Answer:
    """Take an upload in and answer it. Raises OssError; the body may then be partly unread."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        raise invalid_argument("Post body size must be less than 5G.")
    limits = FIELD_LIMITS[bucket.settings.switches["field_limit"]]
    form = read_form(request.headers.get("content-type", ""), request.body.read, limits)
    required_key(form.fields)
    policy = _satisfied_policy(form.fields, bucket)
    callback = _callback(form.fields, bucket)
    wanted = metadata(form, request.headers)
    if wanted.forbid_overwrite and bucket.store.find(wanted.key):
        raise file_already_exists()
    stored = _store(request, form, policy, wanted, bucket)
    answer = _answer(request, form.fields, stored, bucket)
    if callback:
        answer = _call_back(callback, request, form.fields, stored, bucket, request_id)
    if bucket.faults.strike("answer_lost"):
        raise ConnectionLost
    return answer


def _satisfied_policy(fields: Mapping[str, str], bucket: Bucket) -> Policy:
    settings, now = bucket.settings, bucket.now()
    v4 = verify_form(
        fields,
        settings.credentials,
        region=settings.region,
        now=now,
        v1_allowed=settings.v1_signatures,
    )
    policy = parse_policy(fields["policy"])
    check_expiration(policy, now)
    check_conditions(policy, fields, bucket=settings.bucket, v4=v4, switches=settings.switches)
    return policy


def _callback(fields: Mapping[str, str], bucket: Bucket) -> Callback | None:
    if not fields.get("callback"):
        return None
    resolve = None if bucket.settings.private_callbacks else bucket.resolve
    return parse_callback(fields["callback"], resolve=resolve)


def _store(request: Request, form: Form, policy: Policy, wanted: Metadata, bucket: Bucket) -> StoredObject:
    with bucket.store.start() as upload:
        for chunk in form.content:
            upload.write(chunk)
            check_largest_size(policy, upload.size)
        check_smallest_size(policy, upload.size)
        request.body.drain()
        check_expiration(policy, bucket.now())
        _check_content_md5(request)
        stored = upload.finish(
            wanted.key,
            now=bucket.now(),
            headers=wanted.headers,
            acl=wanted.acl,
            storage_class=wanted.storage_class,
        )
        bucket.store.commit(upload, stored, forbid_overwrite=wanted.forbid_overwrite)
    return stored


def _check_content_md5(request: Request) -> None:
    """Content-MD5 is a header here, over the whole multipart body (OSS: PostObject errors page)."""
    sent = request.headers.get("content-md5")
    if sent is None:
        return
    expected = base64.b64encode(request.body.md5()).decode()
    if not hmac.compare_digest(expected.encode(), sent.encode()):
        raise OssError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.")


def _answer(request: Request, fields: Mapping[str, str], stored: StoredObject, bucket: Bucket) -> Answer:
    headers = _object_headers(stored)
    status = fields.get("success_action_status")
    if status == "201":
        host = request.headers.get("host", "")
        location = f"http://{host}/{quote(stored.key, safe='')}"
        parts = {
            "Bucket": bucket.settings.bucket,
            "Location": location,
            "Key": stored.key,
            "ETag": f'"{stored.etag}"',
        }
        inner = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in parts.items())
        document = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{inner}</PostResponse>'
        return Answer(201, {**headers, "Content-Type": "application/xml"}, document.encode())
    return Answer(200 if status == "200" else 204, headers)


def _call_back(
    callback: Callback,
    request: Request,
    fields: Mapping[str, str],
    stored: StoredObject,
    bucket: Bucket,
    request_id: str,
) -> Answer:
    variables = upload_variables(
        stored,
        bucket=bucket.settings.bucket,
        request_id=request_id,
        client_ip=request.client_ip,
        fields=fields,
    )
    origin = {
        "bucket": bucket.settings.bucket,
        "request_id": request_id,
        "public_key_url": f"http://127.0.0.1:{request.port}/-/callback_pub_key.pem",
    }
    body = callback_body(callback.body, callback.body_type, variables)
    exchange = bucket.make_exchange(callback, body, origin)
    headers = _object_headers(stored)
    try:
        reply = deliver(callback.urls, exchange, bucket.timing, bucket.faults.strike(*CALLBACK_FAULTS))
    except CallbackFailed as failed:
        error = OssError(203, "CallbackFailed", failed.message, failed.ec)
        host = request.headers.get("host", "")
        document = error_document(error, request_id=request_id, host_id=host)
        return Answer(203, {**headers, "Content-Type": "application/xml", "x-oss-ec": failed.ec}, document)
    return Answer(200, {**headers, "Content-Type": "application/json"}, reply)


def _object_headers(stored: StoredObject) -> dict[str, str]:
    return {
        "ETag": f'"{stored.etag}"',
        "Content-MD5": stored.content_md5,
        "x-oss-hash-crc64ecma": stored.crc64,
    }
