"""Versioning of a bucket: its XML and its states. What versions are is the store's business.

Source: OSS PutBucketVersioning and GetBucketVersioning pages: once on, versioning can only be suspended, and
a bucket that never had it answers without a Status.
"""

from oss.configuration_xml import children, document, element, malformed_xml, read_xml, texts

STATES = ("Enabled", "Suspended")


def read_versioning(content: bytes) -> str:
    """Return the state that the XML in `content` sets. Raises OssError."""
    root = read_xml(content, "VersioningConfiguration")
    states = texts(children(root, one=("Status",))["Status"])
    if not states or states[0] not in STATES:
        raise malformed_xml(expected=f"Status, one of {', '.join(STATES)}")
    return states[0]


def versioning_document(state: str) -> bytes:
    """Return the XML that GET /?versioning answers; `state` is empty if versioning was never set."""
    return document(element("VersioningConfiguration", element("Status", state) if state else ""))
