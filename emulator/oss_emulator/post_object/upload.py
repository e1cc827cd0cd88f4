"""PostObject: a form upload from its first byte to the answer. This module fixes the order of the checks.

OSS documents no order; this is the emulator's:

 1. the request is a multipart form of at most 5 GB
 2. fields up to `file`, and their sizes
 3. key
 4. signature fields, key id and token, date and credential, signature; or none, if anybody may write
 5. the policy's JSON
 6. its expiration, for a first time, to refuse early
 7. its conditions, then the fields that need a condition
 8. the callback: its transport, then its parameter
 9. metadata: final key, headers, encryption, ACL, storage class, forbid-overwrite's value
10. forbid-overwrite, if the bucket was never versioned
11. the content: largest size, whole form, a second file, whole request, smallest size
12. expiration again, because the request is complete now; Content-MD5
13. the object is stored, unless another upload has taken a key that may not be overwritten
14. the callback

Nothing is stored before 13, and nothing is undone after it. An anonymous form (4) has no policy, so 5 to 7
are skipped.
Source: OSS PostObject page.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from oss_emulator.auth.credentials import Credential, find_credential
from oss_emulator.auth.form_signature import claimed_form_signer, verify_form
from oss_emulator.bucket.state import Bucket
from oss_emulator.callback.parameter import Callback, parse_callback
from oss_emulator.content_md5 import check_content_md5
from oss_emulator.errors import OssError, file_already_exists, invalid_argument
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import check_anonymous_write
from oss_emulator.objects.upload_callback import (
    StoredUpload,
    both_callbacks,
    callback_answer,
)
from oss_emulator.post_object.answers import object_headers, stored_answer
from oss_emulator.post_object.form import Form, malformed, read_form
from oss_emulator.post_object.metadata import expand_filename, form_metadata, required_key
from oss_emulator.post_object.policy import Policy, parse_policy
from oss_emulator.post_object.policy_check import (
    check_conditions,
    check_expiration,
    check_largest_size,
    check_smallest_size,
)
from oss_emulator.storage.object_version import Metadata, StoredObject

MAX_BODY_BYTES = 5 * 1024**3  # OSS: 400 error page, the whole form

NO_POLICY = Policy(float("inf"), (), ())  # of an anonymous form


def post_object(request: Request, bucket: Bucket, request_id: str) -> Answer:
    """Store an upload and answer it. Raises OssError; part of the body may then be unread."""
    if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
        raise _too_large()
    switches = bucket.settings.switches
    form = read_form(request.headers.get("content-type", ""), request.body.read)
    checked, used = form.views(switches["doubled_field"])
    request.notes.update(key=used.fields.get("key", ""), signer=claimed_form_signer(checked.fields))
    try:
        return _upload(request, checked, used, bucket, request_id)
    except OssError as error:
        error.fields = checked.fields
        raise


def _upload(request: Request, checked: Form, form: Form, bucket: Bucket, request_id: str) -> Answer:
    required_key(checked.fields)
    policy = _check_policy(checked, bucket)
    callback = _callback(request, checked.fields, bucket)
    public_acls = not bucket.settings.block_public_access
    metadata = form_metadata(form, request.headers, public_acls=public_acls)
    if metadata.forbid_overwrite and not bucket.versioning and bucket.store.find(metadata.key):
        raise file_already_exists().explained(field="key", expected="no object", got=metadata.key)
    stored = _store(request, form, policy, metadata, bucket)
    if callback:
        uploaded = StoredUpload(stored, request, request_id, form.fields, "PostObject")
        return callback_answer(callback, uploaded, bucket, object_headers(stored))
    return stored_answer(request, form.fields, stored, bucket.settings.bucket)


def _check_policy(form: Form, bucket: Bucket) -> Policy:
    fields, settings, now = form.fields, bucket.settings, bucket.now()

    def find_key(access_key_id: str, security_token: str) -> Credential:
        return find_credential(
            bucket.keys, access_key_id=access_key_id, security_token=security_token, now=now
        )

    signed = verify_form(fields, find_key, region=settings.region, now=now, v1_allowed=settings.v1_signatures)
    if signed == "not":
        check_anonymous_write(bucket, expand_filename(required_key(fields), form.filename))
        return NO_POLICY
    policy = parse_policy(fields["policy"])
    check_expiration(policy, now)
    check_conditions(policy, fields, bucket=settings.bucket, v4=signed == "V4", switches=settings.switches)
    return policy


def _callback(request: Request, fields: Mapping[str, str], bucket: Bucket) -> Callback | None:
    in_query = any(name == "callback" for name, _ in parse_qsl(request.query, keep_blank_values=True))
    transports = (in_query, "x-oss-callback" in request.headers, "callback" in fields)
    if sum(transports) > 1:
        raise both_callbacks()
    if not fields.get("callback"):
        return None
    resolve = None if bucket.settings.private_callbacks else bucket.resolve
    return parse_callback(fields["callback"], resolve=resolve)


def _store(request: Request, form: Form, policy: Policy, metadata: Metadata, bucket: Bucket) -> StoredObject:
    with bucket.store.start() as upload:
        for chunk in form.content:
            upload.write(chunk)
            check_largest_size(policy, upload.size)
            if request.body.received_bytes > MAX_BODY_BYTES:  # without a Content-Length, or with a wrong one
                raise _too_large()
        request.body.drain()
        if request.body.incomplete:  # even if the form is complete: the request was announced as longer
            raise malformed().explained(
                expected=_announced_length(request), got=f"{request.body.received_bytes} bytes"
            )
        check_smallest_size(policy, upload.size)
        check_expiration(policy, bucket.now())
        check_content_md5(request)
        return bucket.store.save(upload, metadata, now=bucket.now(), versioning=bucket.versioning)


def _announced_length(request: Request) -> str:
    length = request.headers.get("content-length")
    return f"{length} bytes, by its Content-Length" if length else "a last chunk"


def _too_large() -> OssError:
    return invalid_argument("Post body size must be less than 5G.").explained(
        expected=f"a form of at most {MAX_BODY_BYTES} bytes", got="more"
    )
