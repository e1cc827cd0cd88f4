"""Content-MD5: the digest of a request's own body that the request states.

Source: OSS PutObject page and PostObject errors page (there of the whole form); EC 0017-00000502 for a value
that is not an MD5, -503 for a wrong MD5, and for one in hexadecimal digits (capture of 2025, also for the
element). That the connection ends is from a capture of 2018 (aliyun-sdk-js 148).
"""

import base64
import hmac
import re

from oss_emulator.errors import OssError
from oss_emulator.http_messages import Request
from oss_emulator.xml_documents import malformed_xml


def read_document(request: Request, max_bytes: int) -> bytes:
    """Return the body, an XML document, after a look at its Content-MD5. Raises OssError."""
    content = b""
    while chunk := request.body.read(max_bytes + 1 - len(content)):
        content += chunk
    if len(content) > max_bytes:
        raise malformed_xml(expected=f"at most {max_bytes} bytes")
    check_content_md5(request)
    return content


_HEX = re.compile("[0-9A-Fa-f]{32}")


def check_content_md5(request: Request) -> None:
    """Compare the request's Content-MD5, if any, with the body, already read to its end. Raises OssError."""
    sent = request.headers.get("content-md5")
    if sent is None:
        return
    expected = base64.b64encode(request.body.md5()).decode()
    if not hmac.compare_digest(expected.encode(), sent.encode()):
        ec = "0017-00000503" if len(sent) == len(expected) or _HEX.fullmatch(sent) else "0017-00000502"
        details = {"Content-MD5": sent}
        error = OssError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", ec, details)
        error.headers = {"Connection": "close"}
        raise error.explained(field="Content-MD5", expected=f"{expected}, of the whole body", got=sent)
