"""Every way this project says no. Nothing here knows HTTP: `problems.TABLE` gives each kind its status.

Refusal              what was asked is not done
├── Malformed        the request is not what the README describes
├── TooLarge         more bytes than the limits allow
├── TypeNotAllowed   a media type outside the limits
├── ForeignOrigin    a page that is not ours asks
├── Unauthenticated  no token proves who asks; looks the same whatever was wrong with it
│   ├── TokenMissing     there is none
│   └── TokenExpired     there was a good one: it can be renewed
├── UnknownPath      nothing lives at this path
├── WrongMethod      the path has another method
├── Unverified       nothing proves that the request is genuine; looks the same whatever was wrong
├── NotStored        the object is not there: sending the file again is safe
├── ObjectDiffers    the object is there, but is not the one that was granted
├── Unavailable      cannot be decided now: ask again
│   └── BackendFailed    your backend did not take the upload: ask again
├── Misconfigured    the deployment is at fault, not the caller
└── Crashed          our own code is at fault
"""


class Refusal(Exception):
    """What was asked is not done.

    `code` is stable and for programs, `detail` a sentence for people that never repeats what was sent.
    `upload_id` is set once a verified ticket has told it.
    """

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.upload_id = upload_id


class Malformed(Refusal):
    """The request is not what the README describes."""


class TooLarge(Refusal):
    """More bytes than the limits allow."""


class TypeNotAllowed(Refusal):
    """A media type outside the limits."""


class ForeignOrigin(Refusal):
    """A page that is not ours asks."""


class Unauthenticated(Refusal):
    """No token proves who asks. `code` and `detail` go to the log and nowhere else."""


class TokenMissing(Unauthenticated):
    """There is no token."""


class TokenExpired(Unauthenticated):
    """There was a good token: it can be renewed."""


class UnknownPath(Refusal):
    """Nothing lives at this path."""


class WrongMethod(Refusal):
    """The path has another method; `allow` names it."""

    def __init__(self, allow: str) -> None:
        super().__init__("method_not_allowed", f"Only {allow} is answered here.")
        self.allow = allow


class Unverified(Refusal):
    """Nothing proves that the request is genuine. `code` and `detail` go to the log and nowhere else."""


class NotStored(Refusal):
    """The object is not there: sending the file again is safe."""


class ObjectDiffers(Refusal):
    """The object is there, but is not the one that was granted."""


class Unavailable(Refusal):
    """Cannot be decided now. `retry_after` is in seconds."""

    def __init__(self, code: str, detail: str = "", *, upload_id: str = "", retry_after: int = 2) -> None:
        super().__init__(code, detail, upload_id=upload_id)
        self.retry_after = retry_after


class BackendFailed(Unavailable):
    """Your backend did not take the upload; `code` says how, and may be told."""


class Misconfigured(Refusal):
    """The deployment is at fault. `detail` names variables, never their values, and stays in the log."""


class Crashed(Refusal):
    """Our own code is at fault: what an exception that nobody foresaw becomes."""
