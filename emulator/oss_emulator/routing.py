"""Which module answers which request, and what every answer and every refusal has in common.

No rule of OSS is decided here.
Source: OSS common response headers; `x-oss-ec` and `x-oss-err` (the XML of a HEAD's error) from captures and
Alibaba's own SDKs; MethodNotAllowed from captures.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from oss_emulator.addressing import SUBRESOURCES, check_endpoint, has_broken_path, key_of, subresource_of
from oss_emulator.bucket.configuration_requests import configuration_answer
from oss_emulator.bucket.cors import actual_headers, preflight
from oss_emulator.bucket.state import Bucket, Site, new_request_id
from oss_emulator.bucket_requests import create_bucket, delete_bucket, facts_answer
from oss_emulator.console.callers import CONSOLE_HEADERS
from oss_emulator.console.routes import console_answer, is_console_request
from oss_emulator.errors import OssError, error_document, internal_error, not_emulated
from oss_emulator.history.records import RefusalRecord
from oss_emulator.history.requests import entry
from oss_emulator.http_messages import READ_METHODS, Answer, ConnectionLost, Request
from oss_emulator.multipart_requests import MULTIPART_PARTS, multipart_answer
from oss_emulator.objects.access import check_may_read, check_may_write
from oss_emulator.objects.batch_delete import delete_objects
from oss_emulator.objects.copying import COPY_SOURCE, copy_object
from oss_emulator.objects.object_acl import get_object_acl, put_object_acl
from oss_emulator.objects.tagging import delete_object_tagging, get_object_tagging, put_object_tagging
from oss_emulator.objects.version_listing import list_versions
from oss_emulator.objects.writing import delete_object, put_object
from oss_emulator.post_object.upload import post_object
from oss_emulator.read_requests import read_answer
from oss_emulator.request_faults import faulty_answer, faulty_bucket

# Of the web server in front of OSS: no XML and no x-oss-request-id (php-sdk #40).
_BROKEN_PATH_PAGE = b"""\
<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html>
<head><title>400 Bad Request</title></head>
<body bgcolor="white">
<h1>400 Bad Request</h1>
<p>Your browser sent a request that this server could not understand.<hr/>Powered by AliyunOSS</body>
</html>
""".replace(b"\n", b"\r\n")

_METHOD_NOT_ALLOWED = 405
_NO_LOOK = nullcontext()
_LOG = logging.getLogger(__name__)


def respond(request: Request, bucket: Site, *, alone: bool = True) -> Answer:
    """Answer a request and read its body to the end. Refusals and our own faults become answers too.

    A bucket that is `alone` at its port need not be named by the request. The history keeps each request but
    those for the emulator itself.

    Raises ConnectionLost if a fault asks for a reset.
    """
    started = bucket.now()
    request_id = new_request_id(started)
    of_console = is_console_request(request)
    answer = None
    try:
        answer = _answer(request, bucket, request_id, started, alone=alone, of_console=of_console)
    finally:
        if not of_console:
            name, seconds = bucket.settings.bucket, bucket.now() - started
            bucket.history.add_request(
                entry(request, answer, name, request_id, started=started, seconds=seconds)
            )
    return answer


def _answer(
    request: Request, bucket: Site, request_id: str, started: float, *, alone: bool, of_console: bool
) -> Answer:
    if not of_console and has_broken_path(request):
        error = OssError(400, "BadRequest", "The path has a percent sign without two hexadecimal digits.")
        bucket.history.add_refusal(_refusal_record(error, request, request_id, started))
        request.notes["code"] = error.code
        request.body.drain()
        return Answer(400, {"Content-Type": "text/html"}, _BROKEN_PATH_PAGE)
    with _look(request, bucket):
        answer = _outcome(request, bucket, request_id, started, alone=alone, of_console=of_console)
        # the emulator's own pages are for no other origin, even if the bucket's CORS rules allow one
        cors = (
            CONSOLE_HEADERS if of_console else actual_headers(bucket.cors, request, bucket.settings.switches)
        )
    request.body.drain()
    seconds = _server_time(answer, bucket.now() - started)
    headers = {"x-oss-request-id": request_id, **seconds, **cors, **answer.headers}
    return Answer(answer.status, headers, answer.body)


def _look(request: Request, bucket: Site) -> AbstractContextManager[None]:
    """Return one look at the index for a request that only reads; others see the changes of their time."""
    if isinstance(bucket, Bucket) and request.method in READ_METHODS:
        return bucket.buckets.look
    return _NO_LOOK


def _outcome(
    request: Request, bucket: Site, request_id: str, started: float, *, alone: bool, of_console: bool
) -> Answer:
    """Return the answer without the headers of every answer, also of a refusal and of our own fault."""
    try:
        if of_console:
            return console_answer(request, bucket, alone=alone)
        return _dispatch(request, bucket, request_id, alone=alone)
    except OssError as error:
        if not of_console:
            bucket.history.add_refusal(_refusal_record(error, request, request_id, started))
        return _refusal_answer(error, request, request_id, bucket.settings.region)
    except ConnectionLost:
        raise
    except Exception:  # noqa: BLE001 - our own fault: logged, and answered in OSS's form
        _LOG.exception("request %s", request_id)
        return _refusal_answer(internal_error(), request, request_id, bucket.settings.region)


def _server_time(answer: Answer, seconds: float) -> dict[str, str]:
    """Return how long the answer took; nothing for a method that is not allowed (capture of 2019)."""
    if answer.status == _METHOD_NOT_ALLOWED and answer.headers.get("Connection") == "close":
        return {}
    return {"x-oss-server-time": str(max(0, round(seconds * 1000)))}


def _dispatch(request: Request, bucket: Site, request_id: str, *, alone: bool) -> Answer:
    key = key_of(request, bucket.settings.bucket, alone=alone)
    check_endpoint(request, bucket.settings.region)
    part = subresource_of(request)
    if isinstance(bucket, Bucket) and _needs_bucket(request, bucket, key or part):
        bucket.buckets.get(bucket.settings.bucket)
    if request.method == "OPTIONS":
        return preflight(bucket.cors, request.headers, bucket.settings.switches)
    met = faulty_bucket(request, bucket, key, part)
    return faulty_answer(_operate(request, met, key, part, request_id), request, met.faults)


def _operate(request: Request, bucket: Site, key: str, part: str, request_id: str) -> Answer:
    if part in MULTIPART_PARTS and isinstance(bucket, Bucket):
        answer = multipart_answer(request, bucket, key, request_id)
        if answer:
            return answer
    if part and not _wants_original_image(request, bucket):
        return _subresource_answer(request, bucket, key, part)
    if request.method in {"GET", "HEAD"}:
        return read_answer(request, bucket, key)
    if isinstance(bucket, Bucket):
        return _write(request, bucket, key, request_id)
    raise _method_not_allowed(request, key)


def _wants_original_image(request: Request, bucket: Site) -> bool:
    """Whether this is a GET of a processed image, and nothing else, where images are answered as they are."""
    return (
        isinstance(bucket, Bucket)
        and bucket.settings.original_images
        and request.method == "GET"
        and request.parameters.get("x-oss-process", "").startswith("image/")
        and sum(name in SUBRESOURCES for name in request.parameters) == 1
    )


def _needs_bucket(request: Request, bucket: Bucket, what: str) -> bool:
    """Whether the named bucket must exist: for all but CreateBucket, and ListBuckets, which names none."""
    return bool(what) or request.method != ("PUT" if bucket.settings.bucket else "GET")


def _write(request: Request, bucket: Bucket, key: str, request_id: str) -> Answer:
    match request.method:
        case "POST" if not key and request.headers.get("content-type"):
            return post_object(request, bucket, request_id)
        case "PUT" if key and COPY_SOURCE in request.headers:
            return copy_object(request, bucket, key)
        case "PUT" if key:
            return put_object(request, bucket, key, request_id)
        case "DELETE" if key:
            return delete_object(request, bucket, key)
        case "PUT":
            return create_bucket(request, bucket)
        case "DELETE":
            return delete_bucket(request, bucket)
    raise _method_not_allowed(request, key)


def _subresource_answer(request: Request, bucket: Site, key: str, part: str) -> Answer:
    if not isinstance(bucket, Bucket):
        raise not_emulated(f"{request.method} of ?{part} of a site")
    if (request.method, part, key) == ("POST", "delete", ""):
        return delete_objects(request, bucket)
    if (request.method, part, key) == ("GET", "versions", ""):
        return list_versions(request, bucket)
    if not key:
        return facts_answer(request, bucket, part) or configuration_answer(request, bucket, part)
    if answer := _OF_AN_OBJECT.get((request.method, part)):
        return answer(request, bucket, key)
    if request.method in {"GET", "HEAD"}:
        check_may_read(request, bucket, key, signed_key=key)
    else:
        check_may_write(request, bucket, key)
    raise not_emulated(f"{request.method} of ?{part} of an object")


_OF_AN_OBJECT: Mapping[tuple[str, str], Callable[[Request, Bucket, str], Answer]] = {
    ("GET", "acl"): get_object_acl,
    ("PUT", "acl"): put_object_acl,
    ("GET", "tagging"): get_object_tagging,
    ("PUT", "tagging"): put_object_tagging,
    ("DELETE", "tagging"): delete_object_tagging,
}


def _method_not_allowed(request: Request, key: str) -> OssError:
    """405 for a method that the object or bucket does not have, such as a POST without a Content-Type."""
    message = "The specified method is not allowed against this resource."
    details = {"Method": request.method, "ResourceType": "Object" if key else "Bucket"}
    error = OssError(405, "MethodNotAllowed", message, "", details)
    error.headers = {"Allow": "GET DELETE HEAD PUT POST OPTIONS", "Connection": "close"}
    return error


def _refusal_answer(error: OssError, request: Request, request_id: str, region: str) -> Answer:
    """Return OSS's answer for `error`."""
    request.notes["code"] = error.code
    host_id = request.headers.get("host", "")
    document = error_document(error, request_id=request_id, host_id=host_id, region=region)
    headers = {"Content-Type": "application/xml", **error.headers}
    if error.ec:
        headers["x-oss-ec"] = error.ec
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(document).decode()
    return Answer(error.status, headers, document)


def _refusal_record(error: OssError, request: Request, request_id: str, now: float) -> RefusalRecord:
    """Return the record of a refusal."""
    return RefusalRecord(
        time=now,
        request_id=request_id,
        method=request.method,
        target=request.target,
        status=error.status,
        code=error.code,
        message=error.message,
        ec=error.ec,
        explanation=error.explanation,
        fields=error.fields,
    )
