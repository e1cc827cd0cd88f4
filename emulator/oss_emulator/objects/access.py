"""Who may read, write and list objects, and which version a request names.

Source: OSS ACL pages (an object's own ACL overrides its bucket's, for reads and writes; with Block Public
Access both are ignored); EC 0003-00000001, -005, -905 and 0012-00000201, -202. That no ACL allows anonymous
listing is unconfirmed.
"""

import re
from collections.abc import Mapping

from oss_emulator.auth.request_signature import is_presigned, is_signed, verify_request
from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError, bucket_acl_denied, invalid_argument
from oss_emulator.http_messages import Request

PUBLIC_ACLS = ("public-read", "public-read-write")

VERSION_ID = re.compile(r"[0-9A-Za-z]+")  # OSS: EC 0012-00000202, only letters and digits


def check_signed(request: Request, bucket: Bucket, key: str = "") -> None:
    """Check that the request has a valid signature for `key`, empty for the bucket. Raises OssError."""
    settings = bucket.settings
    verify_request(request, settings.bucket, key, bucket.keys, region=settings.region, now=bucket.now())


def check_signed_at_end(request: Request, bucket: Bucket, key: str) -> None:
    """Check the address of a PUT again when its body has arrived, if a switch wants that. Raises OssError."""
    if bucket.settings.switches["presigned_expiry"] == "end" and is_presigned(request):
        check_signed(request, bucket, key)


def check_may_read(
    request: Request, bucket: Bucket, key: str, version_id: str = "", *, signed_key: str
) -> None:
    """Check that the request is signed for `signed_key`, or that anybody may read `key`. Raises OssError."""
    if not _has_valid_signature(request, bucket, signed_key):
        check_anonymous_read(bucket, key, version_id)


def check_anonymous_read(bucket: Bucket, key: str, version_id: str = "") -> None:
    """Check that the ACL of the object, or else of its bucket, lets anybody read. Raises OssError."""
    check_acl_allows_read(bucket, _own_acl(bucket, key, version_id))


def check_acl_allows_read(bucket: Bucket, own_acl: str) -> None:
    """Check that an object's own ACL, its bucket's if `default`, lets anybody read. Raises OssError."""
    own_acl = "" if own_acl == "default" else own_acl
    if bucket.settings.block_public_access or (own_acl or bucket.acl) not in PUBLIC_ACLS:
        error = _object_acl_denied() if own_acl == "private" else bucket_acl_denied()
        raise _explain(error, bucket, own_acl)


def check_may_write(request: Request, bucket: Bucket, key: str) -> None:
    """Check that the request is signed, or that anybody may write this object. Raises OssError."""
    if not _has_valid_signature(request, bucket, key):
        check_anonymous_write(bucket, key)


def check_anonymous_write(bucket: Bucket, key: str) -> None:
    """Check that the ACL of the object, or else of its bucket, lets anybody write. Raises OssError."""
    own_acl = _own_acl(bucket, key)
    if bucket.settings.block_public_access or (own_acl or bucket.acl) != "public-read-write":
        error = _object_acl_denied() if own_acl == "private" else bucket_acl_denied()
        raise _explain(error, bucket, own_acl)


def check_may_list(request: Request, bucket: Bucket) -> None:
    """Check that the request is signed. Raises OssError."""
    if _has_valid_signature(request, bucket, ""):
        return
    if bucket.settings.block_public_access or bucket.acl not in PUBLIC_ACLS:
        raise _explain(bucket_acl_denied(), bucket)
    message = "The bucket you access does not belong to you."  # as in a capture
    raise _explain(OssError(403, "AccessDenied", message, "0003-00000905"), bucket)


def requested_version_id(query: Mapping[str, str]) -> str:
    """Return the version id that a query names, empty if none. Raises OssError."""
    version_id = query.get("versionId")
    if version_id == "":
        raise invalid_argument("Version id cannot be the empty string", "0012-00000201", name="versionId")
    if version_id and not VERSION_ID.fullmatch(version_id):
        message = "Invalid version id specified"
        raise invalid_argument(message, "0012-00000202", name="versionId", value=version_id)
    return version_id or ""


def asked_version_id(request: Request) -> str:
    """Return the version id that a request names, empty if none. Raises OssError."""
    return requested_version_id(request.parameters)


def _own_acl(bucket: Bucket, key: str, version_id: str = "") -> str:
    """Return the object's own ACL; empty if it has none, or if there is no object."""
    found = bucket.store.find(key, version_id)
    return found.acl if found and found.acl != "default" else ""


def _has_valid_signature(request: Request, bucket: Bucket, key: str) -> bool:
    """Whether the request is signed. Raises OssError for a wrong signature, even if none is needed."""
    if not is_signed(request):
        return False
    check_signed(request, bucket, key)
    return True


def _object_acl_denied() -> OssError:
    """403 for an object that has an ACL of its own (EC 0003-00000005; its words are unconfirmed)."""
    return OssError(403, "AccessDenied", "You have no right to access this object.", "0003-00000005")


def _explain(error: OssError, bucket: Bucket, own_acl: str = "") -> OssError:
    blocked = "on" if bucket.settings.block_public_access else "off"
    return error.explained(
        expected="a signature, or an ACL that allows this to anybody",
        got=f"no signature; ACL of the bucket {bucket.acl}, of the object {own_acl or 'default'}; "
        f"Block Public Access {blocked}",
    )
