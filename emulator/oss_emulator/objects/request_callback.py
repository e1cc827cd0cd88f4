"""The callback of a PUT or a Complete: in the query or in headers, with variables of its own.

Source: OSS Callback page; 400 error page for the words; EC 0007-00000027. That a callback-var has the largest
size of a callback is inferred.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

from oss_emulator.bucket.state import Bucket
from oss_emulator.callback.parameter import MAX_PARAMETER_BYTES, Callback, parse_callback
from oss_emulator.errors import invalid_argument
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.upload_callback import StoredUpload, both_callbacks, callback_answer
from oss_emulator.storage.object_version import StoredObject


@dataclass(frozen=True)
class RequestCallback:
    """A checked callback, and the values of its `x:` variables."""

    callback: Callback
    variables: Mapping[str, str]

    def answer(
        self, request: Request, request_id: str, stored: StoredObject, bucket: Bucket, *, operation: str
    ) -> Answer:
        """Send the callback of a stored object and answer with its outcome."""
        uploaded = StoredUpload(stored, request, request_id, self.variables, operation)
        return callback_answer(self.callback, uploaded, bucket, stored_headers(stored))


def requested_callback(request: Request, bucket: Bucket) -> RequestCallback | None:
    """Return the callback that a request asks for, if any. Raises OssError."""
    query = request.parameters
    parameter = _one_of(query, request.headers, "callback")
    variables = _one_of(query, request.headers, "callback-var")
    if not parameter:
        return None
    resolve = None if bucket.settings.private_callbacks else bucket.resolve
    return RequestCallback(parse_callback(parameter, resolve=resolve), _variables(variables))


def stored_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers of an answer to a stored object."""
    version = {"x-oss-version-id": stored.version_id} if stored.version_id else {}
    md5 = {"Content-MD5": stored.content_md5} if stored.content_md5 else {}
    return {"ETag": f'"{stored.etag}"', **md5, "x-oss-hash-crc64ecma": stored.crc64, **version}


def _one_of(query: Mapping[str, str], headers: Mapping[str, str], name: str) -> str:
    header = f"x-oss-{name}"
    if name in query and header in headers:
        raise both_callbacks()
    return query.get(name) or headers.get(header, "")


def _variables(parameter: str) -> dict[str, str]:
    """Return the variables of a callback-var, a JSON object of text in base64. Raises OssError."""
    if len(parameter.encode()) > MAX_PARAMETER_BYTES:
        message = "The length of callback var exceed max value."
        raise invalid_argument(message, name="callback-var", value=parameter)
    try:
        members = json.loads(base64.b64decode(parameter, validate=True) or "{}")
    except (binascii.Error, ValueError, RecursionError):
        members = None
    if isinstance(members, dict) and all(
        name.startswith("x:") and isinstance(value, str) for name, value in members.items()
    ):
        return {name.lower(): value for name, value in members.items()}
    message = "The callback var is not expecten json."  # as the page has it
    wrong = invalid_argument(message, name="callback-var", value=parameter)
    expected = "a JSON object of x: names and text, in base64"
    raise wrong.explained(field="callback-var", expected=expected, got=parameter)
