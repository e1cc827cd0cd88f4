"""OSS's errors: the exception that rules raise to refuse a request, and OSS's XML for it.

Rules raise `OssError` where they find the fault; nothing is decided in this module.
Source: OSS error response page (Code, Message, RequestId, HostId) and captures with EC and RecommendDoc.
"""

import re
from collections.abc import Mapping

RECOMMEND_DOC = "https://api.aliyun.com/troubleshoot?q="
RECOMMEND_DOC_ABROAD = "https://api.alibabacloud.com/troubleshoot?q="

_LINE = re.compile("<[^<>/]+>[^<>]*</[^<>]+>|<[^<>]+>")  # an element with its text, or one tag
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class OssError(Exception):
    """A refusal with OSS's HTTP status, Code, Message and EC (empty where no document names one).

    `details` are the further XML elements of some codes, such as ArgumentName. `explanation` (such as field,
    expected, got) and `fields`, those of the refused form, are never sent: they are shown at `/-/`.
    """

    def __init__(
        self, status: int, code: str, message: str, ec: str = "", details: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{status} {code} {ec} {message}")
        self.explanation: Mapping[str, str] = {}
        self.fields: Mapping[str, str] = {}
        self.headers: Mapping[str, str] = {}
        self.status = status
        self.code = code
        self.message = message
        self.ec = ec
        self.details = dict(details or {})

    def explained(self, **explanation: str) -> "OssError":
        """Return this error with an explanation for the page at `/-/`, such as `expected` and `got`.

        An underscore in a name stands for a space. An explanation never has a secret.
        """
        self.explanation = {name.replace("_", " "): text for name, text in explanation.items()}
        return self


def invalid_argument(message: str, ec: str = "", *, name: str = "", value: str = "") -> OssError:
    """400 InvalidArgument, which names the argument and repeats its value (php-sdk #158, PicGo #877)."""
    details = {"ArgumentName": name, "ArgumentValue": value} if name else None
    return OssError(400, "InvalidArgument", message, ec, details)


def bucket_acl_denied() -> OssError:
    """403 for a caller without any right to the bucket (OSS: PostObject errors; EC 0003-00000001)."""
    return OssError(
        403, "AccessDenied", "You have no right to access this object because of bucket acl.", "0003-00000001"
    )


def no_such_bucket(name: str) -> OssError:
    """404 for a bucket that does not exist (EC 0015-00000101)."""
    message = "The specified bucket does not exist."
    return OssError(404, "NoSuchBucket", message, "0015-00000101", {"BucketName": name})


def no_such_key(key: str) -> OssError:
    """404 for an object that does not exist (OSS: GetObject; EC 0026-00000001)."""
    return OssError(404, "NoSuchKey", "The specified key does not exist.", "0026-00000001", {"Key": key})


def file_already_exists(ec: str = "0026-00000002") -> OssError:
    """409 of x-oss-forbid-overwrite (OSS: PostObject and 409 error page; the EC is PostObject's)."""
    message = "The object you specified already exists and can not be overwritten."
    return OssError(409, "FileAlreadyExists", message, ec)


def v1_not_allowed() -> OssError:
    """403 for a V1 signature, which new buckets and new users cannot use (OSS: EC 0002-00000080)."""
    return OssError(403, "AccessDenied", "V1 signature is not allowed.", "0002-00000080")


def not_emulated(what: str) -> OssError:
    """400 for a feature of OSS that the emulator does not have: better an error than a wrong answer.

    Raise it after the signature was judged. No SDK repeats a request after a 400, as they do after a 501.
    """
    return OssError(400, "NotImplemented", f"The emulator does not support {what}.")


def internal_error() -> OssError:
    """500 for a fault of the emulator itself, in OSS's form; the code is OSS's, the words are unconfirmed."""
    return OssError(500, "InternalError", "We encountered an internal error. Please try again.")


def error_document(error: OssError, *, request_id: str, host_id: str, region: str = "") -> bytes:
    """OSS's XML for `error`. Text that XML cannot carry is replaced, so that the document always parses."""
    elements = {"Code": error.code, "Message": error.message, "RequestId": request_id, "HostId": host_id}
    elements |= error.details
    if error.ec:
        elements |= {"EC": error.ec, "RecommendDoc": _recommend_doc(region) + error.ec}
    inner = "".join(f"<{name}>{xml_text(text)}</{name}>" for name, text in elements.items())
    return xml_document(f"<Error>{inner}</Error>")


def _recommend_doc(region: str) -> str:
    """Return the beginning of RecommendDoc (captures of Hangzhou and Singapore; other regions inferred)."""
    return RECOMMEND_DOC if region.startswith("cn-") else RECOMMEND_DOC_ABROAD


def xml_document(root: str) -> bytes:
    """Return the document with this root element, on lines as OSS has them: two blanks for each level.

    `root` is XML without comments, in which an element has either text or elements.
    """
    lines, depth = ['<?xml version="1.0" encoding="UTF-8"?>'], 0
    for found in _LINE.finditer(root):
        line = found[0]
        depth -= line.startswith("</")
        lines.append("  " * depth + line)
        depth += not (line.startswith("</") or line.endswith("/>") or "</" in line)
    return "\n".join((*lines, "")).encode()


def xml_text(text: str) -> str:
    """Return `text` escaped as XML character data."""
    clean = _NOT_XML.sub("\ufffd", text)
    return clean.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
