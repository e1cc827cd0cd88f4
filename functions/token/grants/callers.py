"""Who asks, and how much they may upload; how a token's claims narrow the limits. Pure.

Never lives here: how a token is checked (`bearer.py`), your own rule (`authorize.py`).
"""

from collections.abc import Callable, Mapping
from json.encoder import encode_basestring
from types import MappingProxyType

from vendored.env import InvalidValue
from vendored.errors import Unauthenticated
from vendored.fc_http import Request
from vendored.media_types import allows, read_patterns
from vendored.records import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import jwt

    from grants.permit import Permit

MAX_SUBJECT_BYTES = 128  # as JSON: the subject is in the ticket, and the ticket is in the policy

UPLOAD_CLAIM = frozenset({"max_bytes", "types", "data", "profile"})  # its members in a permit

NOTHING: Mapping[str, str] = MappingProxyType({})  # the default of all: nobody may write into it

Claims = Mapping[str, object]
SignIn = Callable[[Request], Claims]
FindKeys = Callable[["str | None"], "list[jwt.PyJWK]"]  # a token's `kid` -> the keys that may have signed it


class Limits(NamedTuple):
    """The largest file in bytes, and media types such as `image/*`."""

    max_bytes: int
    types: tuple[str, ...]


class Caller(NamedTuple):
    """`subject` is the user's id, empty for an anonymous caller; no two subjects share a folder of keys.

    `data` is your server's word of what the upload is for: a flat map of text (`upload_data.py`). The
    profile's `folder` and the `permit` follow from the request, whatever `authorize` returns.
    """

    subject: str
    limits: Limits
    data: Mapping[str, str] = NOTHING
    folder: str = ""
    permit: "Permit | None" = None


def anonymous(request: Request) -> Claims:
    """Return no claims: anyone may upload. Raises `Unauthenticated` for a token: no key here can check it."""
    if "authorization" in request.headers:
        raise Unauthenticated("token_unexpected")
    return {}


def fits_ticket(subject: str) -> bool:
    """Tell whether a ticket can carry this subject."""
    try:
        return len(encode_basestring(subject)[1:-1].encode()) <= MAX_SUBJECT_BYTES
    except UnicodeEncodeError:  # half a surrogate pair
        return False


def narrow(limits: Limits, claim: object) -> Limits:
    """Return `limits` narrowed by a claim such as `{"max_bytes": 1048576, "types": ["image/*"]}`.

    No claim can widen them, and None changes nothing. A permit's claim has more members: they narrow nothing.
    Raises `Unauthenticated` for a claim of another form.
    """
    if claim is None:
        return limits
    if not isinstance(claim, Mapping) or not claim.keys() <= UPLOAD_CLAIM:
        raise Unauthenticated("claim_malformed", "upload")
    max_bytes, types = claim.get("max_bytes", limits.max_bytes), claim.get("types", list(limits.types))
    if type(max_bytes) is not int or max_bytes < 0:
        raise Unauthenticated("claim_malformed", "upload.max_bytes")
    return Limits(min(max_bytes, limits.max_bytes), _intersection(limits.types, _patterns(types)))


def data_of(claim: object) -> "Mapping[str, str]":
    """Return the `data` in the claim `upload` of a permit. A login token with such a member was refused."""
    data = claim.get("data") if isinstance(claim, Mapping) else None
    return data or {}


def _patterns(types: object) -> tuple[str, ...]:
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types):
        raise Unauthenticated("claim_malformed", "upload.types")
    try:
        return read_patterns(",".join(types)) if types else ()
    except InvalidValue:
        raise Unauthenticated("claim_malformed", "upload.types") from None


def _intersection(ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns for exactly what both lists allow."""
    narrower = [one for one in ours if allows(theirs, one)] + [one for one in theirs if allows(ours, one)]
    return tuple(dict.fromkeys(narrower))
