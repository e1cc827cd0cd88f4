"""GetObjectTagging, PutObjectTagging and DeleteObjectTagging, of the newest version or of the one named.

Only signed requests may read or set tags, which is inferred: the pages name permissions of RAM.
Source: OSS pages of the three; a delete marker is 404.
"""

from collections.abc import Mapping

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import read_document
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import asked_version_id, check_signed
from oss_emulator.objects.reading import described_object, no_such_object, version_headers
from oss_emulator.objects.tags import read_tags, tags_document
from oss_emulator.xml_documents import MAX_DOCUMENT_BYTES


def get_object_tagging(request: Request, bucket: Bucket, key: str) -> Answer:
    """Answer with the tags of an object, in the order in which they were set. Raises OssError."""
    check_signed(request, bucket, key)
    version_id = asked_version_id(request)
    found = described_object(bucket, key, version_id)
    headers = {"Content-Type": "application/xml", **version_headers(bucket, found)}
    return Answer(200, headers, tags_document(found.tags))


def put_object_tagging(request: Request, bucket: Bucket, key: str) -> Answer:
    """Replace the tags of an object. Raises OssError."""
    check_signed(request, bucket, key)
    version_id = asked_version_id(request)
    return _retagged(bucket, key, version_id, read_tags(read_document(request, MAX_DOCUMENT_BYTES)), 200)


def delete_object_tagging(request: Request, bucket: Bucket, key: str) -> Answer:
    """Remove all tags of an object. Raises OssError."""
    check_signed(request, bucket, key)
    return _retagged(bucket, key, asked_version_id(request), {}, 204)


def _retagged(bucket: Bucket, key: str, version_id: str, tags: Mapping[str, str], status: int) -> Answer:
    changed = bucket.store.amend(key, version_id, tags=tags)
    if changed is None:
        raise no_such_object(bucket, key, version_id)
    return Answer(status, version_headers(bucket, changed))
