"""GetObjectACL and PutObjectACL, of the newest version of an object or of the one that is named.

Only signed requests may read or set an ACL. Block Public Access refuses public ones, as with an upload.
Source: OSS GetObjectACL and PutObjectACL pages (words of the refusal, a delete marker is 404, the ACL by
default); java-sdk's live test (an object that has none of its own says `default`). That Last-Modified stays
is inferred from tags.
"""

from oss_emulator.auth.request_signature import is_signed
from oss_emulator.bucket.configuration_xml import acl_document
from oss_emulator.bucket.state import Bucket
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import asked_version_id, check_may_read, check_signed
from oss_emulator.objects.metadata import checked_acl
from oss_emulator.objects.reading import described_object, no_such_object, version_headers


def get_object_acl(request: Request, bucket: Bucket, key: str) -> Answer:
    """Answer with the object's own ACL, which is `default` where its bucket's counts. Raises OssError."""
    if is_signed(request):
        check_signed(request, bucket, key)
    version_id = asked_version_id(request)
    if not is_signed(request):
        check_may_read(request, bucket, key, version_id, signed_key=key)
        raise OssError(403, "AccessDenied", "You do not have read acl permission on this object.")
    found = described_object(bucket, key, version_id)
    headers = {"Content-Type": "application/xml", **version_headers(bucket, found)}
    return Answer(200, headers, acl_document(found.acl))


def put_object_acl(request: Request, bucket: Bucket, key: str) -> Answer:
    """Set the object's own ACL. Raises OssError."""
    check_signed(request, bucket, key)
    version_id = asked_version_id(request)
    acl = checked_acl(request.headers, public_acls=not bucket.settings.block_public_access)
    changed = bucket.store.amend(key, version_id, acl=acl)
    if changed is None:
        raise no_such_object(bucket, key, version_id)
    return Answer(200, version_headers(bucket, changed))
