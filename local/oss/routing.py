"""Which rule answers which request, and what every answer carries. No rule of OSS is decided here.

Source: OSS common response headers; `x-oss-ec` and `x-oss-err` (the XML of a HEAD's error) from captures and
Alibaba's own SDKs.
"""

import base64
import logging
from urllib.parse import unquote

from oss.admin import PREFIX, admin_answer
from oss.bucket import Bucket, Site, new_request_id
from oss.cors import actual_headers, preflight
from oss.errors import OssError, bucket_acl_denied, error_document, internal_error, no_such_key, not_emulated
from oss.header_signature import verify_header
from oss.history import RefusalRecord, shortened, shown_fields
from oss.http_messages import Answer, ConnectionLost, Request
from oss.object_answers import object_answer
from oss.post_object import post_object
from oss.website import site_answer

_LOG = logging.getLogger(__name__)

PUBLIC_ACLS = ("public-read", "public-read-write")


def respond(request: Request, bucket: Site) -> Answer:
    """Answer a request, refusals and our own faults included; the body has been read to its end.

    May raise ConnectionLost.
    """
    started, request_id = bucket.now(), new_request_id()
    try:
        answer = _routed(request, bucket, request_id)
    except OssError as error:
        bucket.history.add_refusal(_record(error, request, request_id, started))
        answer = _refusal(error, request, request_id)
    except ConnectionLost:
        raise
    except Exception:  # noqa: BLE001 - the last resort: logged, and in OSS's form
        _LOG.exception("request %s", request_id)
        answer = _refusal(internal_error(), request, request_id)
    request.body.drain()
    headers = {
        "x-oss-request-id": request_id,
        "x-oss-server-time": str(max(0, round((bucket.now() - started) * 1000))),
        **actual_headers(bucket.cors_rules, request),
        **answer.headers,
    }
    return Answer(answer.status, headers, answer.body)


def _routed(request: Request, bucket: Site, request_id: str) -> Answer:
    if request.path.startswith(PREFIX):
        return admin_answer(request, bucket)
    if request.method == "OPTIONS":
        return preflight(bucket.cors_rules, request.headers)
    if request.method in {"POST", "HEAD"} and bucket.faults.strike("throttle"):
        message = "The total QPS of the account exceeds its limit."
        raise OssError(503, "TotalQpsLimitExceeded", message, "0004-00000302")
    if isinstance(bucket, Bucket):
        return _bucket_answer(request, bucket, request_id)
    return site_answer(bucket.settings.website, request)


def _bucket_answer(request: Request, bucket: Bucket, request_id: str) -> Answer:
    key = _key(request.path, bucket.settings.bucket)
    if request.method == "POST" and not key:
        return _upload(request, bucket, request_id)
    if request.method in {"GET", "HEAD"} and key:
        return _read(request, bucket, key)
    if request.method in {"GET", "HEAD", "PUT", "DELETE"}:
        raise not_emulated(f"{request.method} of {'an object' if key else 'a bucket'}")
    raise OssError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")


def _key(path: str, bucket: str) -> str:
    """Return the key. The port names the bucket; a first segment equal to its name is path style."""
    first, _, rest = path.removeprefix("/").partition("/")
    return unquote(rest if first == bucket else path.removeprefix("/"))


def _upload(request: Request, bucket: Bucket, request_id: str) -> Answer:
    fault = bucket.faults.strike("reset")
    if fault:
        request.body.reset_after(int(fault.options.get("after_bytes", 0)))
    return post_object(request, bucket, request_id)


def _read(request: Request, bucket: Bucket, key: str) -> Answer:
    settings = bucket.settings
    found = bucket.store.find(key)
    if found is None or found.acl not in PUBLIC_ACLS or "authorization" in request.headers:
        verify_header(
            request, settings.bucket, key, settings.credentials, region=settings.region, now=bucket.now()
        )
    opened = None if bucket.faults.strike("object_missing") else bucket.store.open(key)
    if opened:
        return object_answer(request, *opened)
    if request.method == "HEAD" and settings.switches["head_missing_key"] == "403":
        raise bucket_acl_denied()
    raise no_such_key(key)


def _record(error: OssError, request: Request, request_id: str, now: float) -> RefusalRecord:
    return RefusalRecord(
        time=now,
        request_id=request_id,
        method=request.method,
        target=shortened(request.target),
        status=error.status,
        code=error.code,
        message=shortened(error.message),
        ec=error.ec,
        explanation={name: shortened(text) for name, text in error.explanation.items()},
        fields=shown_fields(error.fields),
    )


def _refusal(error: OssError, request: Request, request_id: str) -> Answer:
    document = error_document(error, request_id=request_id, host_id=request.headers.get("host", ""))
    headers = {"Content-Type": "application/xml"}
    if error.ec:
        headers["x-oss-ec"] = error.ec
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(document).decode()
    return Answer(error.status, headers, document)
