"""Content-MD5: the digest a request gives of its own body, whatever the body is.

Source: OSS PutObject page and PostObject errors page (of the whole form there); EC 0017-00000502 for what is
no MD5, -503 for another one.
"""

import base64
import hmac

from oss_emulator.errors import OssError
from oss_emulator.http_messages import Request


def check_content_md5(request: Request) -> None:
    """Compare the request's Content-MD5, if any, with its body, read to its end. Raises OssError."""
    sent = request.headers.get("content-md5")
    if sent is None:
        return
    expected = base64.b64encode(request.body.md5()).decode()
    if not hmac.compare_digest(expected.encode(), sent.encode()):
        ec = "0017-00000503" if len(sent) == len(expected) else "0017-00000502"
        error = OssError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", ec)
        raise error.explained(field="Content-MD5", expected=f"{expected}, of the whole body", got=sent)
