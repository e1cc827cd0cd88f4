"""What an uploaded object is stored with: its key, its headers, its ACL, its storage class. Pure.

Source: OSS PostObject page (fields, content type priority, limits); 400 error page for InvalidObjectName.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from oss.errors import OssError, invalid_argument, not_emulated
from oss.form import Form
from oss.http_messages import TOKEN

MAX_KEY_BYTES = 1023
MAX_USER_METADATA_BYTES = 8 * 1024
ACLS = ("default", "private", "public-read", "public-read-write")
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive")
STORED_FIELDS = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Expires")
DEFAULT_TYPE = "application/octet-stream"


@dataclass(frozen=True)
class Metadata:
    """Everything about the object but its content."""

    key: str
    headers: Mapping[str, str]
    acl: str
    storage_class: str
    forbid_overwrite: bool


def required_key(fields: Mapping[str, str]) -> str:
    """Return the `key` field, as sent. It must have come before the file."""
    if not fields.get("key"):
        message = (
            "The bucket POST must contain the specified 'key'. "
            "If it is specified, please check the order of the fields"
        )
        raise invalid_argument(message, name="key")
    return fields["key"]


def metadata(form: Form, request_headers: Mapping[str, str]) -> Metadata:
    """Read the object's metadata from a form that satisfies its policy. Raises OssError."""
    fields = form.fields
    if "success_action_redirect" in fields:
        raise not_emulated("success_action_redirect")
    return Metadata(
        key=_final_key(required_key(fields), form.filename),
        headers=_headers(form),
        # The form field wins over the request's header.
        acl=_one_of(
            "x-oss-object-acl",
            fields.get("x-oss-object-acl", request_headers.get("x-oss-object-acl", ACLS[0])),
            ACLS,
        ),
        storage_class=_one_of(
            "x-oss-storage-class", fields.get("x-oss-storage-class", STORAGE_CLASSES[0]), STORAGE_CLASSES
        ),
        forbid_overwrite=fields.get("x-oss-forbid-overwrite", "").lower() == "true",
    )


def _final_key(key: str, filename: str) -> str:
    # After the policy was checked against the unexpanded text; whether OSS strips a path is unconfirmed.
    key = key.replace("${filename}", filename)
    if not 1 <= len(key.encode()) <= MAX_KEY_BYTES or key[0] in "/\\":
        raise OssError(
            400, "InvalidObjectName", "The specified object is not valid.", "", {"ObjectName": key}
        )
    return key


def _headers(form: Form) -> dict[str, str]:
    fields = form.fields
    content_type = (
        fields.get("x-oss-content-type")
        or form.file_content_type
        or fields.get("content-type")
        or DEFAULT_TYPE
    )
    stored = {name: fields[name.lower()] for name in STORED_FIELDS if fields.get(name.lower())}
    user = {name: value for name, value in fields.items() if name.startswith("x-oss-meta-")}
    if (
        sum(len(name.encode()) + len(value.encode()) for name, value in user.items())
        > MAX_USER_METADATA_BYTES
    ):
        raise invalid_argument("The total size of user metadata must be less than 8K.")
    headers = {"Content-Type": content_type, **stored, **user}
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            raise invalid_argument("The name of a user metadata field is invalid.", name=name, value=value)
        if not value.isprintable():
            raise invalid_argument("A stored header holds control characters.", name=name, value=value)
    return headers


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise invalid_argument(f"no such {name.removeprefix('x-oss-')}", name=name, value=value)
    return value
