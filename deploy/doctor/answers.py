"""What is read from an answer: plain values, and the one-line *symptom* that `causes.TABLE` is matched with.

Another server wrote the answer. Only text that fits a narrow pattern is shown or matched, and never a policy,
a ticket, a signature or a token, which OSS repeats in its messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from deploy.doctor.probe import Answer

CODE = re.compile(rb"<Code>([A-Za-z0-9]{1,64})</Code>")
EC = re.compile(rb"<EC>(\d{4}-\d{8})</EC>")
# only the message of a failed callback is read: other messages of OSS may repeat what was sent
CALLBACK_FAILED = re.compile(rb"<Code>CallbackFailed</Code>\s*<Message>([A-Za-z0-9 .,:()-]{1,200})")
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
REDIRECT = range(300, 400)
REFUSALS = range(400, 500)
SUCCESS = range(200, 300)


def json_object(answer: Answer) -> Mapping[str, object]:
    """Return the JSON object in an answer, or an empty one."""
    try:
        found = json.loads(answer.body.decode())
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def summary(answer: Answer) -> str:
    """Return status and codes for a person, or the network's error."""
    if not answer.status:
        return answer.network_error
    return " ".join(
        filter(None, (str(answer.status), code_of(answer), _first(EC, answer.body), message(answer)))
    )


def symptom(server: str, answer: Answer) -> str:
    """Return `server status code EC message`, such as `bucket 403 AccessDenied 0003-00000001`."""
    return f"{server} {'0 ' if not answer.status else ''}{summary(answer)}"


def code_of(answer: Answer) -> str:
    """Return the code of OSS's XML, of problem details or of Function Compute; empty if there is none."""
    if "x-fc-error-type" in answer.headers or "errorMessage" in json_object(answer):
        return "crashed"
    if answer.status in REDIRECT:
        return "redirect"
    found = json_object(answer)
    code = found.get("code") or found.get("Code") or _first(CODE, answer.body)
    return code if isinstance(code, str) and NAME.fullmatch(code) else ""


def message(answer: Answer) -> str:
    """Return why a callback failed, in OSS's words."""
    return _first(CALLBACK_FAILED, answer.body)


def allowed_origin(answer: Answer) -> str:
    """Return the origin whose pages may read this answer."""
    return answer.headers.get("access-control-allow-origin", "")


def is_completed(answer: Answer, upload_id: str) -> bool:
    """Say whether this is the callback function's answer that this upload is complete."""
    found = json_object(answer)
    return (answer.status, found.get("Status"), found.get("id")) == (200, "OK", upload_id)


def _first(pattern: re.Pattern[bytes], body: bytes) -> str:
    found = pattern.search(body)
    return found[1].decode() if found else ""
