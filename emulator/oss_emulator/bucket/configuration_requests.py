"""Requests for a bucket's configuration: CORS, website, versioning, ACL, Block Public Access, stored parts.

Each request must be signed; every access key that the bucket knows may send any of them. Block Public
Access comes from the emulator's environment and cannot be changed by a request.
Source: OSS PutBucketCors, PutBucketWebsite, PutBucketVersioning pages and the GET and DELETE beside each;
GetBucketAcl and GetBucketPublicAccessBlock pages. The messages of the two 404 are unconfirmed.
"""

from collections.abc import Callable, Mapping

from oss_emulator.auth.request_signature import verify_request
from oss_emulator.bucket.configuration_xml import (
    acl_document,
    cors_document,
    versioning_document,
    website_document,
)
from oss_emulator.bucket.state import Bucket
from oss_emulator.bucket.stored_parts import MAX_PART_BYTES, STORED_PARTS
from oss_emulator.content_md5 import read_document
from oss_emulator.errors import OssError, not_emulated
from oss_emulator.http_messages import Answer, Request
from oss_emulator.xml_documents import MAX_DOCUMENT_BYTES, document, element

PARTS: Mapping[str, frozenset[str]] = {
    "cors": frozenset({"GET", "PUT", "DELETE"}),
    "website": frozenset({"GET", "PUT", "DELETE"}),
    "versioning": frozenset({"GET", "PUT"}),
    "acl": frozenset({"GET"}),
    "publicAccessBlock": frozenset({"GET"}),
    **{name: part.methods for name, part in STORED_PARTS.items()},
}


def configuration_answer(request: Request, bucket: Bucket, part: str) -> Answer:
    """Answer a request for `part` of the bucket's configuration. Raises OssError."""
    settings = bucket.settings
    verify_request(request, settings.bucket, "", bucket.keys, region=settings.region, now=bucket.now())
    if part not in PARTS or request.method not in PARTS[part]:
        raise not_emulated(f"{request.method} of ?{part}")
    match request.method:
        case "PUT":
            largest = MAX_PART_BYTES if part in STORED_PARTS else MAX_DOCUMENT_BYTES
            bucket.configuration.put(part, read_document(request, largest))
            return Answer(200)
        case "DELETE":
            bucket.configuration.delete(part)
            return Answer(204)
    content = bucket.configuration.stored(part) if part in STORED_PARTS else _DOCUMENTS[part](bucket)
    return Answer(200, {"Content-Type": "application/xml"}, content)


def _cors(bucket: Bucket) -> bytes:
    if not bucket.cors.rules:
        message = "The CORS Configuration does not exist."
        raise OssError(404, "NoSuchCORSConfiguration", message, "0034-00000001")
    return cors_document(bucket.cors)


def _website(bucket: Bucket) -> bytes:
    if bucket.configuration.website is None:
        message = "The specified bucket does not have a website configuration."
        raise OssError(404, "NoSuchWebsiteConfiguration", message)
    return website_document(bucket.configuration.website)


def _public_access_block(bucket: Bucket) -> bytes:
    blocked = str(bucket.settings.block_public_access).lower()
    return document(element("PublicAccessBlockConfiguration", element("BlockPublicAccess", blocked)))


_DOCUMENTS: Mapping[str, Callable[[Bucket], bytes]] = {
    "cors": _cors,
    "website": _website,
    "versioning": lambda bucket: versioning_document(bucket.versioning),
    "acl": lambda bucket: acl_document(bucket.acl),
    "publicAccessBlock": _public_access_block,
}
