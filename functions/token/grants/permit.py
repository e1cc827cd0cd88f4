"""An upload permit: your server's signed word that its holder may upload, how much, and what for.

It is a JWT (RFC 7519) of one form: HS256 with a key of its own, PERMIT_SECRET, and a `typ` of its own
(RFC 8725, 3.11), so that no login token is a permit, and no permit a login token. Imported only where that
secret is set; it needs no library. Never lives here: login tokens (`bearer.py`).
"""

import base64
import hmac
from collections.abc import Mapping, Sequence

from grants.bearer_header import read_bearer
from grants.callers import UPLOAD_CLAIM, Claims, fits_ticket
from grants.upload_data import is_data
from vendored.errors import TokenExpired, Unauthenticated
from vendored.fc_http import Request
from vendored.records import NamedTuple
from vendored.strict_json import parse_object

TYPE = "upload-permit+jwt"
HEADER = {"alg": "HS256", "typ": TYPE}  # matched whole: no other algorithm, no `crit`, no key of its own
LEEWAY_SECONDS = 60
MAX_AHEAD_SECONDS = 24 * 3600  # from now to a permit's end
ID_CONTEXT = b"upload-permit.id.v1."  # keeps this MAC apart from those of permits, which begin with `ey`


class Once(NamedTuple):
    """What the id of a permit's one upload is made of: epoch seconds, and 32 bytes."""

    time: float
    entropy: bytes


class Permit(NamedTuple):
    """A verified permit. `profile` is empty if it names none, `once` None if it is for many files."""

    claims: Claims
    profile: str
    once: Once | None


def find_permit(request: Request, secrets: Sequence[str]) -> Permit | None:
    """Return the request's verified permit, None if its token is none or says that it is something else.

    Raises `Unauthenticated` for whatever says that it is a permit and is no valid one.
    """
    try:
        header, payload, mac = read_bearer(request).split(".")
        said = parse_object(_decoded(header))
    except (Unauthenticated, ValueError):
        return None
    if _typ(said) != TYPE:
        return None
    if said != HEADER:
        raise Unauthenticated("permit_header_unknown")
    signed = f"{header}.{payload}".encode()
    macs = [_base64url(hmac.digest(secret.encode(), signed, "sha256")) for secret in secrets]
    matching = [hmac.compare_digest(one, mac) for one in macs]
    if not any(matching):
        raise Unauthenticated("permit_forged")
    return _read(payload, secrets[matching.index(True)], request.now)


def permit_needed(request: Request) -> Claims:
    """Refuse a request without a permit, where nothing else lets anybody upload."""
    read_bearer(request)
    raise Unauthenticated("token_for_something_else")


def _read(payload: str, secret: str, now: float) -> Permit:
    """Read the claims of a genuine permit. Raises `TokenExpired` only for one that has no other fault."""
    try:
        claims = parse_object(_decoded(payload))
    except ValueError:
        raise Unauthenticated("permit_malformed") from None
    if not _is_text(claims.get("sub", "")):
        raise Unauthenticated("subject_unfit")
    upload = claims.get("upload", {})
    if not isinstance(upload, dict) or not upload.keys() <= UPLOAD_CLAIM:
        raise Unauthenticated("claim_malformed", "upload")
    if not is_data(upload.get("data", {})):
        raise Unauthenticated("claim_malformed", "upload.data")
    profile = upload.get("profile", "")
    if not isinstance(profile, str):
        raise Unauthenticated("claim_malformed", "upload.profile")
    end = _time(claims, "exp", now + MAX_AHEAD_SECONDS + LEEWAY_SECONDS)
    times = {name: _time(claims, name, now + LEEWAY_SECONDS) for name in ("iat", "nbf") if name in claims}
    once = _once(claims["jti"], times.get("iat", end), secret) if "jti" in claims else None
    if end <= now - LEEWAY_SECONDS:
        raise TokenExpired("permit_expired")
    return Permit(claims, profile, once)


def _time(claims: Mapping[str, object], name: str, latest: float) -> float:
    """Return epoch seconds that are not later than `latest`. Raises `Unauthenticated`."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= latest:
        raise Unauthenticated("permit_time_unfit", name)
    return value


def _once(jti: object, time: float, secret: str) -> Once:
    """Derive the one upload of a permit from its `jti`, with the secret that it is signed with.

    So the upload stays the same while secrets are rotated: a permit is verified by no other secret.
    """
    if not jti or not _is_text(jti):
        raise Unauthenticated("claim_malformed", "jti")
    return Once(time, hmac.digest(secret.encode(), ID_CONTEXT + str(jti).encode(), "sha256"))


def _is_text(value: object) -> bool:
    return isinstance(value, str) and fits_ticket(value)


def _typ(header: Mapping[str, object]) -> str:
    """Return a header's `typ`, a media type in any case (RFC 7515, 4.1.9)."""
    named = header.get("typ")
    return named.lower().removeprefix("application/") if isinstance(named, str) else ""


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
