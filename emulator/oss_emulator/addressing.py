"""Which bucket, key and subresource a request names, by its Host, its path and its query.

Source: OSS page on endpoints and bucket domain names (virtual-hosted style); the SDKs use path style where
the endpoint is an IP address. Any other host counts as a custom domain that is bound to this bucket. The
names of subresources are from the lists of Alibaba's SDKs (python-sdk v1 and v2), without those that only
modify a read. A bare `+` in a path is a blank: inferred from reports of NoSuchKey (ali-oss #193, java-sdk
#494) and of SignatureDoesNotMatch (go-sdk #439, java-sdk #241).
"""

import re
from urllib.parse import parse_qsl, unquote_plus

from oss_emulator.errors import OssError, no_such_bucket
from oss_emulator.http_messages import Request

_BROKEN_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_VIRTUAL = re.compile(r"(?P<bucket>[^:]+)\.(localhost|oss-[a-z0-9-]+\.aliyuncs\.com)(:[0-9]*)?")


def has_broken_path(request: Request) -> bool:
    """Whether a `%` in the path is not followed by two hexadecimal digits."""
    return bool(_BROKEN_PERCENT.search(request.path))


def key_of(request: Request, bucket: str) -> str:
    """Return the decoded key, empty for the bucket itself. Raises OssError if Host names another bucket.

    One port serves one bucket, so a request need not name it. A first path segment equal to the bucket's name
    is path style and no part of the key, unless Host already names the bucket: then the segment belongs to
    the key.
    """
    path = request.path.removeprefix("/")
    found = _VIRTUAL.fullmatch(request.headers.get("host", "").lower())
    if found:
        if found["bucket"] != bucket:
            raise no_such_bucket(found["bucket"])
        return _key(path)
    first, _, rest = path.partition("/")
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
    names = (name for name, _ in parse_qsl(request.query, keep_blank_values=True))
    return next((name for name in names if name in SUBRESOURCES), "")
