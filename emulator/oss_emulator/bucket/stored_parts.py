"""Parts of a bucket's configuration that are stored and given back as they were sent, and never executed.

Of a document only the root element, the size and the absence of a DOCTYPE are checked.
Source: OSS pages of PUT, GET and DELETE of each part: a bucket without logging, referers or tags answers with
an empty document, one without lifecycle rules or encryption is 404; java-sdk's live tests of the former; EC
0005-00000004; oss2's live test for the status of NoSuchServerSideEncryptionRule, for which the pages have 400
and 404. The words of that one are unconfirmed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from oss_emulator.errors import OssError
from oss_emulator.xml_documents import document, element, read_xml

MAX_PART_BYTES = 512 * 1024  # ours: 1,000 lifecycle rules, which OSS allows, take less


@dataclass(frozen=True)
class StoredPart:
    """A part: its root element, the methods it has, and what GET answers before a PUT: XML, or a 404."""

    root: str
    default: str = ""
    missing: tuple[str, str, str] = ("", "", "")  # Code, Message, EC
    methods: frozenset[str] = frozenset({"GET", "PUT", "DELETE"})

    def check(self, content: bytes) -> None:
        """Check a document that is to be stored. Raises OssError."""
        read_xml(content, self.root, max_bytes=MAX_PART_BYTES)

    def answer(self, stored: bytes | None, bucket: str) -> bytes:
        """Return the document that GET answers. Raises OssError 404."""
        if stored:
            return stored
        if self.default:
            return document(self.default)
        code, message, ec = self.missing
        raise OssError(404, code, message, ec, {"BucketName": bucket})


_NO_REFERERS = element("RefererConfiguration", element("AllowEmptyReferer", "true"), element("RefererList"))

STORED_PARTS: Mapping[str, StoredPart] = {
    "lifecycle": StoredPart(
        "LifecycleConfiguration", missing=("NoSuchLifecycle", "No Row found in Lifecycle Table.", "")
    ),
    "encryption": StoredPart(
        "ServerSideEncryptionRule",
        missing=(
            "NoSuchServerSideEncryptionRule",
            "The server side encryption configuration of the bucket was not found.",
            "0005-00000004",
        ),
    ),
    "logging": StoredPart("BucketLoggingStatus", element("BucketLoggingStatus")),
    "referer": StoredPart("RefererConfiguration", _NO_REFERERS, methods=frozenset({"GET", "PUT"})),
    "tagging": StoredPart("Tagging", element("Tagging", element("TagSet"))),
}
