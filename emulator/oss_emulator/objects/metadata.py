"""The metadata of an uploaded object: key, headers, ACL, storage class. Pure.

Source: OSS PostObject page (fields, limits); 400 error page; EC 0005-00000003, -203 to
-205 (encryption), 0016-00000001, -003, -005 (names), 0016-00000901 (public ACL), 0017-00000104, -105 (ACL),
-131, -132 (storage class), -279 (forbid-overwrite). These pages are about request headers; that PostObject's
fields are refused in the same way is inferred. PostObject does not support `x-oss-tagging` (its page): tags
are not read here.
"""

from collections.abc import Mapping

from oss_emulator.errors import OssError, invalid_argument
from oss_emulator.http_messages import TOKEN
from oss_emulator.storage.object_version import Metadata

ACL = "x-oss-object-acl"
FORBID_OVERWRITE = "x-oss-forbid-overwrite"
MAX_KEY_BYTES = 1023
MAX_USER_METADATA_BYTES = 8 * 1024
ACLS = ("default", "private", "public-read", "public-read-write")
STORAGE_CLASSES = ("Standard", "IA", "Archive", "ColdArchive", "DeepColdArchive")
STORED_FIELDS = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Expires")
DEFAULT_TYPE = "application/octet-stream"

ENCRYPTION = "x-oss-server-side-encryption"
ENCRYPTION_KEY = "x-oss-server-side-encryption-key-id"
DATA_ENCRYPTION = "x-oss-server-side-data-encryption"
ENCRYPTION_FIELDS = (ENCRYPTION, ENCRYPTION_KEY, DATA_ENCRYPTION)
ALGORITHMS = ("AES256", "KMS", "SM4")


def checked_metadata(
    key: str, fields: Mapping[str, str], content_type: str | None, *, public_acls: bool
) -> Metadata:
    """Check and return the metadata of an object with this key. Raises OssError.

    `fields` are a form's fields, or request headers of the same names. `public_acls` is false where Block
    Public Access is on.
    """
    return Metadata(
        key=_checked_key(key),
        headers=_headers(fields, content_type or DEFAULT_TYPE),
        acl=checked_acl(fields, public_acls=public_acls),
        storage_class=_storage_class(fields.get("x-oss-storage-class", STORAGE_CLASSES[0])),
        forbid_overwrite=_forbid_overwrite(fields.get(FORBID_OVERWRITE, "false")),
    )


def _checked_key(key: str) -> str:
    if not key:
        raise _wrong_name(key, "The Object name can not be empty.", "0016-00000001")
    if len(key.encode()) > MAX_KEY_BYTES:
        raise _wrong_name(key, "The Length of Object name must be less than 1024.", "0016-00000003")
    if key[0] in "/\\":
        raise _wrong_name(key, "The specified object is not valid.", "0016-00000005")
    return key


def _headers(fields: Mapping[str, str], content_type: str) -> dict[str, str]:
    stored = {name: fields[name.lower()] for name in STORED_FIELDS if fields.get(name.lower())}
    user = {name: value for name, value in fields.items() if name.startswith("x-oss-meta-")}
    size = sum(len(name.encode()) + len(value.encode()) for name, value in user.items())
    if size > MAX_USER_METADATA_BYTES:
        raise invalid_argument("The total size of user metadata must be less than 8K.").explained(
            expected=f"names and values of x-oss-meta-* of at most {MAX_USER_METADATA_BYTES} bytes",
            got=f"{size} bytes",
        )
    headers = {"Content-Type": content_type, **stored, **user, **_encryption(fields)}
    for name, value in headers.items():
        if not TOKEN.fullmatch(name):
            raise invalid_argument("The name of a user metadata field is invalid.", name=name, value=value)
        if not value.isprintable():
            raise invalid_argument("A stored header holds control characters.", name=name, value=value)
    return headers


def _encryption(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the encryption headers. Nothing is encrypted here, but answers have them, as OSS's do."""
    sent = {name: fields[name] for name in ENCRYPTION_FIELDS if name in fields}
    algorithm = sent.get(ENCRYPTION, "")
    if ENCRYPTION in sent and algorithm not in ALGORITHMS:
        message = "The Encryption request you specified is not valid. Supported value: AES256/KMS."
        error = OssError(400, "InvalidEncryptionAlgorithmError", message, "0005-00000003")
        raise error.explained(field=ENCRYPTION, expected=", ".join(ALGORITHMS), got=algorithm)
    if ENCRYPTION_KEY in sent and algorithm != "KMS":
        raise _wrong_value(ENCRYPTION_KEY, sent, "0005-00000204", f"only with {ENCRYPTION}: KMS")
    if ENCRYPTION_KEY in sent and not sent[ENCRYPTION_KEY]:
        raise _wrong_value(ENCRYPTION_KEY, sent, "0005-00000205", "the id of a key")
    if DATA_ENCRYPTION in sent and (algorithm, sent[DATA_ENCRYPTION]) != ("KMS", "SM4"):
        raise _wrong_value(DATA_ENCRYPTION, sent, "0005-00000203", f"SM4, only with {ENCRYPTION}: KMS")
    return sent


def checked_acl(fields: Mapping[str, str], *, public_acls: bool) -> str:
    """Return the ACL that fields or headers ask for, `default` if none. Raises OssError."""
    acl = fields.get(ACL, ACLS[0])
    if acl not in ACLS:
        ec = "0017-00000104" if acl else "0017-00000105"
        error = invalid_argument("no such object access control exists", ec, name=ACL, value=acl)
        raise error.explained(field=ACL, expected=", ".join(ACLS), got=acl)
    if acl.startswith("public-") and not public_acls:
        error = OssError(403, "AccessDenied", "Put public object acl is not allowed", "0016-00000901")
        raise error.explained(field=ACL, expected="no public ACL: Block Public Access is on", got=acl)
    return acl


def _storage_class(name: str) -> str:
    if name not in STORAGE_CLASSES:
        ec = "0017-00000132" if name else "0017-00000131"
        expected = ", ".join(STORAGE_CLASSES)
        raise _wrong_value("x-oss-storage-class", {"x-oss-storage-class": name}, ec, expected)
    return name


def _forbid_overwrite(value: str) -> bool:
    if value.lower() not in {"true", "false"}:
        raise _wrong_value(FORBID_OVERWRITE, {FORBID_OVERWRITE: value}, "0017-00000279", "true, false")
    return value.lower() == "true"


def _wrong_value(name: str, fields: Mapping[str, str], ec: str, expected: str) -> OssError:
    got = fields[name]
    error = invalid_argument(f"The value of {name} is invalid.", ec, name=name, value=got)
    return error.explained(field=name, expected=expected, got=got)


def _wrong_name(key: str, message: str, ec: str) -> OssError:
    error = OssError(400, "InvalidObjectName", message, ec, {"ObjectName": key})
    expected = f"1 to {MAX_KEY_BYTES} bytes of UTF-8 that do not begin with a slash or backslash"
    return error.explained(field="key", expected=expected, got=key)
