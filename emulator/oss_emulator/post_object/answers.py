"""PostObject's answer after the object is stored: 204, 200, 201 or a redirect.

Source: OSS PostObject page (success_action_status, success_action_redirect, response elements, versioning).
That a redirect is 303 with bucket, key and etag in its query, and that an invalid redirect address is
ignored, are S3's rules; OSS's page says nothing about them.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from oss_emulator.errors import xml_document, xml_text
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.metadata import ENCRYPTION_FIELDS
from oss_emulator.storage.object_version import StoredObject

_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)  # printable ASCII: no character can end a header


def stored_answer(request: Request, fields: Mapping[str, str], stored: StoredObject, bucket: str) -> Answer:
    """Answer an upload without callback, as its form's success_action fields ask."""
    headers = object_headers(stored)
    location = _redirect(fields.get("success_action_redirect", ""), stored, bucket)
    if location:
        return Answer(303, {**headers, "Location": location})
    status = fields.get("success_action_status")
    if status == "201":
        document = _post_response(request, stored, bucket)
        return Answer(201, {**headers, "Content-Type": "application/xml"}, document)
    return Answer(200 if status == "200" else 204, headers)


def _redirect(address: str, stored: StoredObject, bucket: str) -> str:
    """Return the redirect's Location; empty if `address` is not an absolute http or https URL."""
    try:
        parts = urlsplit(address if _ADDRESS.fullmatch(address) else "")
    except ValueError:
        return ""
    if not parts.hostname:
        return ""
    told = {"bucket": bucket, "key": stored.key, "etag": f'"{stored.etag}"'}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in told.items())
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


def _post_response(request: Request, stored: StoredObject, bucket: str) -> bytes:
    host = request.headers.get("host", "")
    parts = {
        "Bucket": bucket,
        "Location": f"{request.scheme}://{host}/{quote(stored.key, safe='')}",
        "Key": stored.key,
        "ETag": f'"{stored.etag}"',
    }
    inner = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in parts.items())
    return xml_document(f"<PostResponse>{inner}</PostResponse>")


def object_headers(stored: StoredObject) -> dict[str, str]:
    """Return the headers of every answer to a stored upload."""
    version = {"x-oss-version-id": stored.version_id} if stored.version_id else {}
    encryption = {name: stored.headers[name] for name in ENCRYPTION_FIELDS if name in stored.headers}
    return {
        "ETag": f'"{stored.etag}"',
        "Content-MD5": stored.content_md5,
        "x-oss-hash-crc64ecma": stored.crc64,
        **version,
        **encryption,
    }
