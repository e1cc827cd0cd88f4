"""One line for each request, for the terminal. It has no secret: neither a signature nor a token."""

from oss_emulator.addressing import subresource_of
from oss_emulator.auth.request_signature import claimed_signer
from oss_emulator.http_messages import Answer, Request


def log_line(request: Request, answer: Answer | None, seconds: float) -> str:
    """Return method, key, status with EC, time and who signed, as the request says; no answer is a reset."""
    part = subresource_of(request)
    key = request.notes.get("key", "")
    where = request.shown_path + (f"?{part}" if part else "") + (f" {key}" if key else "")
    status = f"{answer.status:d} {answer.headers.get('x-oss-ec', '')}".rstrip() if answer else "reset"
    signer = request.notes.get("signer") or claimed_signer(request)
    return _printable(f"{request.method} {where} {status} {seconds * 1000:.0f} ms {signer}")


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
