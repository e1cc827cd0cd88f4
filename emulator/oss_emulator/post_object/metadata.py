"""A form's key, and the metadata of the object that it uploads. Pure.

Source: OSS PostObject page (`${filename}`, priority of content types, ACL as field and as header).
"""

from collections.abc import Mapping

from oss_emulator.errors import invalid_argument
from oss_emulator.objects.metadata import ACL, checked_metadata
from oss_emulator.post_object.form import Form
from oss_emulator.storage.object_version import Metadata


def required_key(fields: Mapping[str, str]) -> str:
    """Return the `key` field as sent. Raises OssError if it is empty or missing before the file."""
    if not fields.get("key"):
        message = (
            "The bucket POST must contain the specified 'key'. "
            "If it is specified, please check the order of the fields"
        )
        raise invalid_argument(message, name="key").explained(
            field="key", expected="a field before the file", got="none"
        )
    return fields["key"]


def form_metadata(form: Form, request_headers: Mapping[str, str], *, public_acls: bool) -> Metadata:
    """Return the metadata of a form that satisfies its policy. Raises OssError.

    `public_acls` is false where Block Public Access is on.
    """
    fields = form.fields
    key = expand_filename(required_key(fields), form.filename)
    content_type = fields.get("x-oss-content-type") or form.file_content_type or fields.get("content-type")
    # The form field wins over the request's header.
    acl = {name: value for name, value in request_headers.items() if name == ACL}
    return checked_metadata(key, {**acl, **fields}, content_type, public_acls=public_acls)


def expand_filename(key: str, filename: str) -> str:
    """Return the key with `${filename}` replaced by the file's name. The policy is checked before this.

    Folders in the name are kept, except those of a Windows path, which old browsers sent and the form's
    parser removes; OSS's behaviour is unconfirmed.
    """
    return key.replace("${filename}", filename)
