"""The README's table of operations and clients: its rows, its marks, and what it says of each client."""

import re
from pathlib import Path

EMULATOR = Path(__file__).parents[4] / "emulator"

WORKS, REFUSED, NOT_EMULATED, NO_CALL = "✓", "✗", "○", "-"

# the columns, in order
CLIENTS = ("oss2", "oss-v2", "oss-v2 async", "ali-oss Node", "ali-oss browser", "ossfs", "opendal")

# The rows, in order: a program's name, and the code in its first cell. A refusal's Code is that code, unless
# its own cell has one.
OPERATIONS = {
    "make_bucket": "PutBucket DeleteBucket",
    "list_buckets": "ListBuckets",
    "bucket_info": "GetBucketInfo",
    "bucket_location": "GetBucketLocation",
    "bucket_stat": "GetBucketStat",
    "bucket_acl": "PutBucketAcl GetBucketAcl",
    "cors": "PutBucketCors GetBucketCors",
    "website": "PutBucketWebsite GetBucketWebsite DeleteBucketWebsite",
    "versioning": "PutBucketVersioning GetBucketVersioning",
    "lifecycle": "PutBucketLifecycle GetBucketLifecycle DeleteBucketLifecycle",
    "referer": "PutBucketReferer GetBucketReferer",
    "logging": "PutBucketLogging GetBucketLogging DeleteBucketLogging",
    "encryption": "PutBucketEncryption GetBucketEncryption DeleteBucketEncryption",
    "bucket_tags": "PutBucketTags GetBucketTags DeleteBucketTags",
    "policy": "PutBucketPolicy",
    "put_and_get": "PutObject GetObject",
    "put_file": "PutObject",
    "head": "HeadObject",
    "object_meta": "GetObjectMeta",
    "part_of_object": "GetObject",
    "delete": "DeleteObject",
    "delete_many": "DeleteMultipleObjects",
    "copy": "CopyObject",
    "copy_between": "CopyObject",
    "append": "AppendObject",
    "list_objects": "GetBucket",
    "list_v2": "ListObjectsV2",
    "list_versions": "ListObjectVersions",
    "versions": "GetObject DeleteObject",
    "object_acl": "PutObjectACL GetObjectACL",
    "object_tags": "PutObjectTagging GetObjectTagging DeleteObjectTagging",
    "symlink": "PutSymlink",
    "restore": "RestoreObject",
    "image": "GetObject x-oss-process",
    "callback": "PutObject",
    "presigned_get": "GetObject",
    "presigned_put": "PutObject",
    "multipart": "InitiateMultipartUpload UploadPart CompleteMultipartUpload",
    "lists_of_parts": "ListParts ListMultipartUploads",
    "abort": "AbortMultipartUpload",
    "part_copy": "UploadPartCopy",
    "upload": "",
    "resumed_upload": "",
    "resumed_download": "",
    "temporary_key": "",
    "v1": "--v1",
    "v1_refused": "AccessDenied",
    "wrong_secret": "SignatureDoesNotMatch",
    "missing": "NoSuchKey",
    "forbid_overwrite": "FileAlreadyExists",
}


def rows(document: str) -> list[list[str]]:
    """Return the cells of the table's rows, the heading first and without the line below it."""
    text = (EMULATOR / document).read_text()
    (table,) = re.findall(r"^\|[^|\n]*\| oss2 \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
    cells = [[cell.strip() for cell in line[1:-1].split("|")] for line in table.splitlines()]
    return [cells[0], *cells[2:]]


def said(client: str, operation: str, document: str = "README.md") -> str:
    """Return the outcome that the README says: a mark, and with a refusal the Code of the cell or row."""
    row = rows(document)[1 + list(OPERATIONS).index(operation)]
    mark = row[1 + CLIENTS.index(client)]
    return f"{mark} {OPERATIONS[operation]}" if mark == REFUSED else mark
