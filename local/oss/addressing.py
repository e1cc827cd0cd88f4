"""Which bucket and key a request names: by its Host, or by its path.

Source: OSS page on endpoints and bucket domain names (virtual-hosted style); path style is what the SDKs use
for addresses without a name. Any other host counts as a domain bound to this bucket.
"""

import re
from urllib.parse import unquote

from oss.errors import OssError
from oss.http_messages import Request

_VIRTUAL = re.compile(r"(?P<bucket>[^:]+)\.(localhost|oss-[a-z0-9-]+\.aliyuncs\.com)(:[0-9]*)?")


def key_of(request: Request, bucket: str) -> str:
    """Return the decoded key, empty for the bucket itself. Raises OssError if Host names another bucket.

    The port names the bucket. A first segment equal to its name is path style, unless Host already names it:
    then it is part of the key.
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
        return unquote(encoded, errors="strict")
    except UnicodeDecodeError as error:
        message = "The specified object is not valid."
        raise OssError(400, "InvalidObjectName", message, "", {"ObjectName": encoded}) from error


def no_such_bucket(name: str) -> OssError:
    """404 for a bucket that is not there (EC 0015-00000101)."""
    message = "The specified bucket does not exist."
    return OssError(404, "NoSuchBucket", message, "0015-00000101", {"BucketName": name})
