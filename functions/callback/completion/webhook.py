"""The webhook that tells your backend about an upload, signed as the Standard Webhooks specification says.

Pure: it makes the event and reads the answer. Never lives here: the connection (`outbound.py`).

Source: the Standard Webhooks specification, https://www.standardwebhooks.com.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from completion.object_proof import Upload
from vendored.errors import BackendFailed
from vendored.log import timestamp

EVENT_TYPE = "upload.completed"
SUCCESS = range(200, 300)
MAX_ANSWER_BYTES = 16 * 1024  # an instance remembers some hundred answers


class Response(NamedTuple):
    """An HTTP answer: header names in lower case; a body that is too long is cut one byte above its limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Post = Callable[[Mapping[str, str], bytes], Response]


class Backend(NamedTuple):
    """Your application, as `hook.py` sees it. `post` is None where no WEBHOOK_URL is set.

    `now` is in epoch seconds.
    """

    post: Post | None
    secrets: Sequence[bytes]
    now: float

    def __repr__(self) -> str:
        return f"Backend(..., now={self.now!r})"

    def tell(self, upload: Upload) -> dict[str, object]:
        """Send the event. Return the JSON object of the backend's answer, empty if no backend is set.

        Raises `BackendFailed` for any other answer, or none.
        """
        if not self.post:
            return {}
        body = event(upload, self.now)
        return read_answer(self.post(signed_headers(message_id(upload), body, self.secrets, self.now), body))


def message_id(upload: Upload) -> str:
    """Return `msg_` and 32 hex digits, made of grant id, key and ETag: a repeated event has the same id.

    A backend should remember it, to handle each upload once.
    """
    identity = f"{upload.id}\0{upload.key}\0{upload.etag}"
    return f"msg_{hashlib.sha256(identity.encode()).hexdigest()[:32]}"


def event(upload: Upload, now: float) -> bytes:
    """Return the event's body."""
    document = {"type": EVENT_TYPE, "timestamp": timestamp(now), "data": {**upload._asdict(), **upload.marks}}
    return json.dumps(document, separators=(",", ":")).encode()


def signed_headers(webhook_id: str, body: bytes, secrets: Sequence[bytes], now: float) -> dict[str, str]:
    """Return the event's headers, with a signature by each secret: a backend needs only one of them."""
    sent_at = str(int(now))
    content = f"{webhook_id}.{sent_at}.".encode() + body
    macs = [base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": " ".join(f"v1,{mac}" for mac in macs),
    }


def read_answer(answer: Response) -> dict[str, object]:
    """Return the JSON object in a backend's answer. Raises `BackendFailed`."""
    if answer.status not in SUCCESS:
        raise BackendFailed("backend_failed", f"Your backend answered {answer.status}.")
    try:
        document = json.loads(answer.body.decode()) if len(answer.body) <= MAX_ANSWER_BYTES else None
        json.dumps(document, allow_nan=False)  # a page cannot read NaN
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        expected = f"Your backend must answer with a JSON object of at most {MAX_ANSWER_BYTES} bytes."
        raise BackendFailed("backend_answer_invalid", expected)
    return document
