"""Requests for buckets as a whole: ListBuckets, CreateBucket, DeleteBucket, and facts about one of them.

Each must be signed; every access key may send any of them, as all buckets have one owner.
Source: OSS PutBucket, DeleteBucket, GetService (ListBuckets), GetBucketInfo, GetBucketLocation, GetBucketStat
and PutBucketAcl pages; php-sdk's and java-sdk's live tests of HeadBucket, which only OSS's list of S3
operations names. The words of refusals, and the code for a public ACL under Block Public Access, are inferred
from those of objects.
"""

import time
from collections.abc import Callable, Mapping

from oss_emulator.addressing import BUCKET_NAME
from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import read_document
from oss_emulator.errors import OssError, invalid_argument, xml_text
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import PUBLIC_ACLS, check_signed
from oss_emulator.objects.key_encoding import page_size
from oss_emulator.settings import ACCOUNT_ID, BUCKET_ACLS
from oss_emulator.storage.buckets import StoredBucket
from oss_emulator.xml_documents import MAX_DOCUMENT_BYTES, children, document, element, read_xml

DEFAULT_BUCKETS = 100  # of a page of ListBuckets

_ACL = "x-oss-acl"
_STORAGE_CLASS = element("StorageClass", "Standard")
_OWNER = element("Owner", element("ID", ACCOUNT_ID), element("DisplayName", ACCOUNT_ID))


def list_buckets(request: Request, bucket: Bucket) -> Answer:
    """Answer GET of the service, whose name is empty. Raises OssError."""
    check_signed(request, bucket)
    query = request.parameters
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = page_size(query, "max-keys", DEFAULT_BUCKETS)
    found = bucket.buckets.page(prefix=prefix, after=marker, limit=limit + 1)
    shown, truncated = found[:limit], len(found) > limit
    root = element(
        "ListAllMyBucketsResult",
        element("Prefix", xml_text(prefix)),
        element("Marker", xml_text(marker)),
        element("MaxKeys", str(limit)),
        element("IsTruncated", str(truncated).lower()),
        *([element("NextMarker", shown[-1].name)] if truncated else []),
        _OWNER,
        element("Buckets", *(element("Bucket", *_facts(one, bucket)) for one in shown)),
    )
    return _xml(root)


def create_bucket(request: Request, bucket: Bucket) -> Answer:
    """Make the bucket that is named; an existing one only gets the ACL, if the request has one."""
    check_signed(request, bucket)
    name = bucket.settings.bucket
    if not BUCKET_NAME.fullmatch(name):
        message = "The specified bucket is not valid."
        raise OssError(400, "InvalidBucketName", message, "", {"BucketName": name})
    requested = _ACL in request.headers
    acl = _requested_acl(request, bucket) if requested else bucket.acl
    content = read_document(request, MAX_DOCUMENT_BYTES)
    if content:  # what it asks for makes no difference here
        known = ("StorageClass", "DataRedundancyType", "LocationConstraint")
        children(read_xml(content, "CreateBucketConfiguration"), one=known)
    bucket.buckets.create(name, acl=acl, now=bucket.now(), requested=requested)
    return Answer(200, {"Location": f"/{name}"})


def head_bucket(request: Request, bucket: Bucket) -> Answer:
    """Answer HEAD of the bucket: whether it exists, and where. Raises OssError."""
    check_signed(request, bucket)
    return Answer(200, {"x-oss-bucket-region": f"oss-{bucket.settings.region}"})


def delete_bucket(request: Request, bucket: Bucket) -> Answer:
    """Delete the bucket, which has neither versions nor unfinished uploads. Raises OssError."""
    check_signed(request, bucket)
    bucket.buckets.delete(bucket.settings.bucket)
    return Answer(204)


def facts_answer(request: Request, bucket: Bucket, part: str) -> Answer | None:
    """Answer GET of one of the parts that are facts, or PUT of the ACL; None for anything else."""
    if (request.method, part) == ("PUT", "acl"):
        check_signed(request, bucket)
        name, acl = bucket.settings.bucket, _requested_acl(request, bucket)
        bucket.buckets.create(name, acl=acl, now=bucket.now(), requested=True)
        return Answer(200)
    if request.method != "GET" or part not in _FACTS:
        return None
    check_signed(request, bucket)
    return _xml(_FACTS[part](bucket))


def _requested_acl(request: Request, bucket: Bucket) -> str:
    acl = request.headers.get(_ACL, "")
    if acl not in BUCKET_ACLS:
        error = invalid_argument("no such bucket access control exists", name=_ACL, value=acl)
        raise error.explained(field=_ACL, expected=", ".join(BUCKET_ACLS), got=acl)
    if acl in PUBLIC_ACLS and bucket.settings.block_public_access:
        raise OssError(403, "AccessDenied", "Put public bucket acl is not allowed")
    return acl


def _facts(stored: StoredBucket, bucket: Bucket) -> list[str]:
    region = bucket.settings.region
    created = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(stored.created))
    return [
        element("CreationDate", created),
        element("ExtranetEndpoint", f"oss-{region}.aliyuncs.com"),
        element("IntranetEndpoint", f"oss-{region}-internal.aliyuncs.com"),
        element("Location", f"oss-{region}"),
        element("Name", stored.name),
        element("Region", region),
        _STORAGE_CLASS,
    ]


def _info(bucket: Bucket) -> str:
    stored = bucket.buckets.get(bucket.settings.bucket)
    blocked = str(bucket.settings.block_public_access).lower()
    facts = element(
        "Bucket",
        *_facts(stored, bucket),
        _OWNER,
        element("AccessControlList", element("Grant", stored.acl)),
        element("DataRedundancyType", "LRS"),
        element("BlockPublicAccess", blocked),
        *([element("Versioning", bucket.versioning)] if bucket.versioning else []),
    )
    return element("BucketInfo", facts)


def _stat(bucket: Bucket) -> str:
    """Return the figures, which OSS has only from time to time and this emulator at once."""
    found = bucket.store.statistics()
    return element(
        "BucketStat",
        element("Storage", str(found.bytes)),
        element("ObjectCount", str(found.objects)),
        element("MultipartUploadCount", str(found.uploads)),
    )


def _xml(root: str) -> Answer:
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


_FACTS: Mapping[str, Callable[[Bucket], str]] = {
    "bucketInfo": _info,
    "location": lambda bucket: element("LocationConstraint", f"oss-{bucket.settings.region}"),
    "stat": _stat,
}
