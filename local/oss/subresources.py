"""The names that turn a request into one for something else than an object's content or a form.

Source: the subresource lists of Alibaba's SDKs (python-sdk v1 and v2), without those that only modify a read.
"""

from urllib.parse import parse_qsl

from oss.http_messages import Request

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
