"""DeleteMultipleObjects: its document and its answer. Only a signed request may send it.

Checks come in this order: signature, `encoding-type`, Content-MD5, the document; then all is deleted.
Source: OSS DeleteMultipleObjects page; EC 0016-00000606 (no Content-MD5), -612 (empty VersionId), -613 (no
Key); the words of MissingArgument (lobehub 6389) and the ErrorDetail of too many keys (oss2 119) from
captures. The Codes of -612 and -613 are inferred; that no ACL allows it to anybody is unconfirmed.
"""

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from oss_emulator.bucket.state import Bucket
from oss_emulator.content_md5 import read_document
from oss_emulator.errors import OssError, xml_text
from oss_emulator.http_messages import Answer, Request
from oss_emulator.objects.access import check_signed, requested_version_id
from oss_emulator.objects.key_encoding import KeyEncoding, key_encoding
from oss_emulator.storage.object_version import StoredObject
from oss_emulator.xml_documents import children, document, element, malformed_xml, read_xml, texts

MAX_KEYS = 1000  # OSS: DeleteMultipleObjects page
MAX_DELETE_BYTES = 2 * 1024**2  # the same page


def delete_objects(request: Request, bucket: Bucket) -> Answer:
    """Delete the listed objects or versions, whether or not they exist. Raises OssError; nothing is deleted.

    A quiet answer has no body.
    """
    check_signed(request, bucket)
    encoding = key_encoding(request.parameters)
    if "content-md5" not in request.headers:
        message = "Missing Some Required Arguments."
        raise OssError(400, "MissingArgument", message, "0016-00000606").explained(expected="Content-MD5")
    wanted, quiet = _read_delete(read_document(request, MAX_DELETE_BYTES))
    deleted = [_delete(bucket, key, version_id, encoding) for key, version_id in wanted]
    if quiet:
        return Answer(200)
    root = element("DeleteResult", *encoding.elements, *deleted)
    return Answer(200, {"Content-Type": "application/xml"}, document(root))


def _read_delete(content: bytes) -> tuple[Sequence[tuple[str, str]], bool]:
    """Return the keys, each with a version id or nothing, and whether the answer is quiet."""
    root = children(read_xml(content, "Delete", max_bytes=MAX_DELETE_BYTES), many=("Object",), one=("Quiet",))
    quiet = texts(root["Quiet"])
    if quiet not in {(), ("true",), ("false",)}:
        raise malformed_xml(expected="Quiet, true or false", got=quiet[0])
    if not root["Object"]:
        raise malformed_xml(expected="an Object")
    if len(root["Object"]) > MAX_KEYS:
        error = malformed_xml(expected=f"at most {MAX_KEYS} Objects", got=str(len(root["Object"])))
        error.details = {"ErrorDetail": "batch delete objects too large"}
        raise error
    return [_key_and_version(one) for one in root["Object"]], quiet == ("true",)


def _key_and_version(wanted: Element) -> tuple[str, str]:
    members = children(wanted, one=("Key", "VersionId"))
    # not `texts`: blanks at both ends belong to the key
    keys, versions = [one.text for one in members["Key"] if one.text], texts(members["VersionId"])
    if not keys:
        raise malformed_xml("0016-00000613", expected="a Key in each Object")
    if not versions:
        return keys[0], ""
    try:
        return keys[0], requested_version_id({"versionId": versions[0]})
    except OssError as error:
        error.ec = error.ec if versions[0] else "0016-00000612"
        raise


def _delete(bucket: Bucket, key: str, version_id: str, encoding: KeyEncoding) -> str:
    """Delete an object, or one of its versions, and return its element of the answer."""
    now, versioning = bucket.now(), bucket.versioning
    deleted = bucket.store.delete(key, now=now, version_id=version_id, versioning=versioning)
    return element(
        "Deleted",
        element("Key", encoding.encode(key)),
        *([element("VersionId", xml_text(version_id))] if version_id else []),
        *_marker_elements(deleted),
    )


def _marker_elements(deleted: StoredObject | None) -> list[str]:
    """Return the elements of a delete marker, which was added or removed."""
    if deleted is None or not deleted.delete_marker:
        return []
    return [element("DeleteMarker", "true"), element("DeleteMarkerVersionId", deleted.version)]
