"""A refusal as it leaves: OSS's XML and headers, and the record of it for the page at `/-/`.

Source: OSS common response headers; `x-oss-ec` and `x-oss-err` (the XML of a HEAD's error) from captures and
Alibaba's own SDKs.
"""

import base64

from oss.errors import OssError, error_document
from oss.history import RefusalRecord
from oss.http_messages import Answer, Request


def refusal_answer(error: OssError, request: Request, request_id: str) -> Answer:
    """Return OSS's answer for `error`."""
    document = error_document(error, request_id=request_id, host_id=request.headers.get("host", ""))
    headers = {"Content-Type": "application/xml", **error.headers}
    if error.ec:
        headers["x-oss-ec"] = error.ec
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(document).decode()
    return Answer(error.status, headers, document)


def refusal_record(error: OssError, request: Request, request_id: str, now: float) -> RefusalRecord:
    """Return what is kept of a refusal."""
    return RefusalRecord(
        time=now,
        request_id=request_id,
        method=request.method,
        target=request.target,
        status=error.status,
        code=error.code,
        message=error.message,
        ec=error.ec,
        explanation=error.explanation,
        fields=error.fields,
    )
