"""Which bucket, key and subresource a request names, by its Host, its path and its query.

Source: OSS page on endpoints and bucket domain names (virtual-hosted style); the SDKs use path style where
the endpoint is an IP address. Any other host counts as a custom domain that is bound to this bucket. The
names of subresources are from the lists of Alibaba's SDKs (python-sdk v1 and v2), without those that only
modify a read. A bare `+` in a path is a blank: inferred from reports of NoSuchKey (ali-oss #193, java-sdk
#494) and of SignatureDoesNotMatch (go-sdk #439, java-sdk #241).
"""

import re
from functools import lru_cache
from urllib.parse import unquote_plus

from oss_emulator.errors import OssError, no_such_bucket
from oss_emulator.http_messages import Request

# OSS, PutBucket page: lower-case letters, digits and hyphens, no hyphen at either end, 3 to 63 characters
BUCKET_NAME = re.compile("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
KEPT_HOSTS = 64  # ours: that were named last; nearly all requests have the same
_BROKEN_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_ENDPOINT = re.compile(
    r"((?P<bucket>[^:]+)\.)?oss-(?!accelerate)(?P<region>[a-z0-9-]+?)(-internal)?\.aliyuncs\.com(:[0-9]*)?"
)
_VIRTUAL = re.compile(r"(?P<bucket>[^:]+)\.(localhost|oss-[a-z0-9-]+\.aliyuncs\.com)(:[0-9]*)?")


def has_broken_path(request: Request) -> bool:
    """Whether a `%` in the path is not followed by two hexadecimal digits."""
    path = request.path
    return "%" in path and bool(_BROKEN_PERCENT.search(path))


def bucket_in_host(request: Request) -> str:
    """Return the bucket that the Host names (virtual-hosted style), or nothing."""
    return _bucket_of(request.headers.get("host", ""))


@lru_cache(maxsize=KEPT_HOSTS)
def _bucket_of(host: str) -> str:
    found = _VIRTUAL.fullmatch(host.lower())
    return found["bucket"] if found else ""


def first_segment(request: Request) -> str:
    """Return the first segment of the path, which names the bucket in path style."""
    return request.path.removeprefix("/").partition("/")[0]


def check_endpoint(request: Request, region: str) -> None:
    """Refuse a Host at Alibaba Cloud that names another region, or no bucket. Raises OssError 403.

    The words are from captures (coderhaoxin/aliyun-oss 25 of 2015, treeverse/lakeFS 3613 of 2022).
    """
    found = _endpoint(request.headers.get("host", ""))
    if not found:
        return
    if not found["bucket"]:
        message = "Please use virtual hosted style to access."
        raise OssError(403, "SecondLevelDomainForbidden", message)
    if found["region"] != region:
        message = (
            "The bucket you are attempting to access must be addressed using the specified endpoint. "
            "Please send all future requests to this endpoint."
        )
        details = {"Bucket": found["bucket"], "Endpoint": f"oss-{region}.aliyuncs.com"}
        error = OssError(403, "AccessDenied", message, "", details)
        raise error.explained(expected=f"the region {region}", got=found["region"])


@lru_cache(maxsize=KEPT_HOSTS)
def _endpoint(host: str) -> re.Match[str] | None:
    return _ENDPOINT.fullmatch(host.lower())


def key_of(request: Request, bucket: str, *, alone: bool = True) -> str:
    """Return the decoded key, empty for the bucket itself. Raises OssError if another bucket is named.

    A first path segment equal to the bucket's name is path style and no part of the key, unless Host already
    names the bucket: then the segment belongs to the key. A bucket that is `alone` at its port need not be
    named.
    """
    path, named = request.path.removeprefix("/"), bucket_in_host(request)
    if named:
        if named != bucket:
            raise no_such_bucket(named)
        return _key(path)
    first, _, rest = path.partition("/")
    if first != bucket and not alone:
        raise no_such_bucket(first)
    return _key(rest if first == bucket else path)


def _key(encoded: str) -> str:
    try:
        return unquote_plus(encoded, errors="strict")
    except UnicodeDecodeError as error:
        message = "The specified object is not valid."
        raise OssError(400, "InvalidObjectName", message, "", {"ObjectName": encoded}) from error


SUBRESOURCES = frozenset(
    {
        "accessPoint",
        "accessPointPolicy",
        "accessmonitor",
        "acl",
        "append",
        "asyncFetch",
        "bucketArchiveDirectRead",
        "bucketInfo",
        "cname",
        "comp",
        "cors",
        "delete",
        "encryption",
        "group",
        "httpsConfig",
        "inventory",
        "inventoryId",
        "lifecycle",
        "link",
        "live",
        "location",
        "logging",
        "metaQuery",
        "objectInfo",
        "partNumber",
        "policy",
        "policyStatus",
        "publicAccessBlock",
        "qos",
        "qosInfo",
        "qosRequester",
        "redundancyTransition",
        "referer",
        "regionList",
        "replication",
        "replicationLocation",
        "replicationProgress",
        "requestPayment",
        "requesterQosInfo",
        "resourceGroup",
        "resourcePool",
        "resourcePoolBuckets",
        "resourcePoolInfo",
        "restore",
        "seal",
        "stat",
        "status",
        "style",
        "styleName",
        "symlink",
        "tagging",
        "transferAcceleration",
        "uploadId",
        "uploads",
        "userDefinedLogFieldsConfig",
        "versioning",
        "versions",
        "vod",
        "website",
        "worm",
        "wormExtend",
        "wormId",
        "x-oss-async-process",
        "x-oss-process",
        "x-oss-write-get-object-response",
    }
)


def subresource_of(request: Request) -> str:
    """Return the first subresource in the request's query, or nothing."""
    for name in request.parameters:
        if name in SUBRESOURCES:
            return name
    return ""
