"""PROFILES: named limits and folders, of which a page or a permit chooses one. Imported only where it is set.

`{"avatar": {"max_bytes": 2097152, "types": ["image/*"], "prefix": "avatars/"}}`: each member may be left out.
"""

import re
from collections.abc import Mapping

from grants.callers import Limits
from vendored import env
from vendored.errors import Malformed, Refusal, Unauthenticated
from vendored.media_types import allows, read_patterns
from vendored.records import TYPE_CHECKING, NamedTuple
from vendored.strict_json import parse_object

if TYPE_CHECKING:
    from grants.permit import Permit

NAME = re.compile(r"[a-z0-9_-]{1,32}")
MEMBERS = frozenset({"max_bytes", "types", "prefix"})
ANONYMOUS_FOLDER = "_"  # of callers without a subject


class Profile(NamedTuple):
    """`max_bytes` and `types` are None where the deployment's own hold; `folder` is empty or ends in `/`."""

    max_bytes: int | None
    types: tuple[str, ...] | None
    folder: str

    def narrow(self, limits: Limits) -> Limits:
        """Return `limits`, narrowed by this profile's, which are checked to be no wider."""
        return Limits(self.max_bytes or limits.max_bytes, self.types or limits.types)


def read_profiles(value: str) -> "Mapping[str, Profile]":
    """Read PROFILES. Raises `InvalidValue` for the first profile that is wrong, and says which."""
    try:
        document = parse_object(value.encode())
    except ValueError:
        document = {}
    if not document:
        raise env.InvalidValue('must be a JSON object of profiles, {"name": {...}, ...}, no name twice')
    for number, name in enumerate(document, 1):
        if not NAME.fullmatch(name):
            raise env.InvalidValue(f"must name profile {number} with 1 to 32 of the characters a-z 0-9 _ -")
    return {name: _profile(name, members) for name, members in document.items()}


def problems(profiles: "Mapping[str, Profile]", limits: Limits) -> "list[str]":
    """Return what is wider than the deployment's own limits."""
    found = []
    for name, profile in profiles.items():
        if (profile.max_bytes or 0) > limits.max_bytes:
            found.append(f"PROFILES must not have {name}.max_bytes above MAX_BYTES")
        if not all(allows(limits.types, one) for one in profile.types or ()):
            found.append(f"PROFILES must not have {name}.types outside ALLOWED_TYPES")
    return found


def choose(profiles: "Mapping[str, Profile]", permit: "Permit | None", named: str) -> "Profile | None":
    """Return the profile that counts: the permit's, or the one that the page names. Raises a `Refusal`.

    A permit for one object that names none is for none: with each folder, it would be for one more object.
    """
    if permit and (permit.profile or permit.once):
        if permit.profile and permit.profile not in profiles:
            raise Unauthenticated("claim_malformed", "upload.profile")
        if named not in {"", permit.profile}:
            raise Refusal("profile_not_permitted", "The permit is for another profile.")
        named = permit.profile
    if named and named not in profiles:
        raise Malformed("profile_unknown", "The parameter profile must name a profile of this deployment.")
    return profiles.get(named)


def _profile(name: str, members: object) -> Profile:
    if not isinstance(members, dict) or not members.keys() <= MEMBERS:
        raise env.InvalidValue(f"must have max_bytes, types and prefix in {name}, or fewer, and nothing else")
    max_bytes, types, folder = (members.get(member) for member in ("max_bytes", "types", "prefix"))
    if max_bytes is not None and (type(max_bytes) is not int or max_bytes < 1):
        raise env.InvalidValue(f"must have a whole number above 0 as {name}.max_bytes")
    return Profile(max_bytes, _types(name, types), _folder(name, folder))


def _types(name: str, types: object) -> "tuple[str, ...] | None":
    if types is None:
        return None
    expected = env.InvalidValue(f'must have a list of media types such as ["image/*"] as {name}.types')
    if not isinstance(types, list) or not types or not all(isinstance(one, str) for one in types):
        raise expected
    try:
        return read_patterns(",".join(types))
    except env.InvalidValue:
        raise expected from None


def _folder(name: str, folder: object) -> str:
    """Read a prefix below UPLOAD_PREFIX. No part of it is a folder of anonymous callers."""
    if folder is None:
        return ""
    expected = env.InvalidValue(
        f"must have at most {env.MAX_PREFIX_CHARACTERS} characters as {name}.prefix: segments of A-Z a-z 0-9 "
        ". _ -, each ending in /, none beginning with . and none just _"
    )
    if not isinstance(folder, str) or ANONYMOUS_FOLDER in folder.split("/"):
        raise expected
    try:
        return env.prefix(folder)
    except env.InvalidValue:
        raise expected from None
