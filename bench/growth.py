"""The microseconds of a call as its input, or a list that the function searches, grows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from bench import events
from bench.harness import CHILDREN, SITE_PACKAGES, Packages, ask_child
from tests.support.fc_events import fc_event

SAMPLES = 5
BYTES = [1024 << doubling for doubling in range(6)]  # an event may have 64 KiB
ENTRIES = [1 << doubling for doubling in range(7)]  # all variables together may have 4 KiB
IDENTITY_KEYS = ENTRIES[:5]  # as above: a key has 150 bytes
PUBLIC_KEYS = [*ENTRIES, 97]  # all possible names except that of the published key
HEADER = "x" * 52  # 64 bytes with its name and the characters of JSON


class Question(NamedTuple):
    """An event, the environment of the function, and the status of the answer."""

    event: bytes
    environment: Mapping[str, str]
    status: int = 200


def body(size: int) -> Question:
    """Return a callback with too long a body."""
    long = fc_event("/callback", method="POST", body="ticket=" + "x" * size)
    return Question(long, {**events.SHARED, "OBJECT_URL": ""}, 403)


def headers(size: int) -> Question:
    """Return a request for a grant with this many bytes of headers."""
    return Question(events.file_grant({f"X-{one:04d}": HEADER for one in range(size // 64)}), events.TOKEN)


def origins(number: int) -> Question:
    """Return a request for a grant from the last of so many allowed origins."""
    listed = [f"https://a{one}.example.com" for one in range(number)]
    return Question(
        events.file_grant({"Origin": listed[-1]}), {**events.TOKEN, "ALLOWED_ORIGINS": ",".join(listed)}
    )


def types(number: int) -> Question:
    """Return a request for a grant of the last of so many allowed types."""
    listed = [f"image/x-{one}" for one in range(number)]
    upload = {**events.UPLOAD, "type": listed[-1]}
    asked = fc_event("/", upload, headers=events.BROWSER)
    return Question(asked, {**events.TOKEN, "ALLOWED_TYPES": ",".join(listed)})


def identity_keys(number: int) -> Question:
    """Return a request of a user whose token is signed with the last of so many keys."""
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(number)]
    algorithm = jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256)
    listed = [
        {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": str(one), "alg": "ES256"}
        for one, key in enumerate(keys)
    ]
    token = jwt.encode(events.claims(), keys[-1], "ES256", headers={"kid": str(number - 1)})
    environment = {name: value for name, value in events.SIGNED_IN.items() if name != "AUTH_HS256_SECRET"}
    known = json.dumps({"keys": listed}, separators=(",", ":"))
    return Question(
        events.file_grant({"Authorization": f"Bearer {token}"}), {**environment, "AUTH_JWKS": known}
    )


def measure(packages: Packages, folder: Path) -> dict[str, dict[str, float]]:
    """Return the median microseconds by size, for each thing that grows."""

    def grown(package: Path, ask: Callable[[int], Question], sizes: Sequence[int]) -> dict[str, float]:
        return {str(size): answered(package, ask(size), folder) for size in sizes}

    known: Any = ask_child(
        "known_keys.py",
        packages.callback,
        *map(str, PUBLIC_KEYS),
        env={},
        paths=f"{SITE_PACKAGES}:{CHILDREN}",
    )
    return {
        "bytes of a callback's body": grown(packages.callback, body, BYTES),
        "bytes of a grant's headers": grown(packages.token, headers, BYTES),
        "origins allowed": grown(packages.token, origins, ENTRIES),
        "types allowed": grown(packages.token, types, ENTRIES),
        "keys of an identity provider": grown(packages.token_with_auth, identity_keys, IDENTITY_KEYS),
        "public keys of OSS's cached": {size: median(took) for size, took in known.items()},
    }


def answered(package: Path, question: Question, folder: Path) -> float:
    """Return the median microseconds of one call."""
    order = folder / "growth.json"
    asked = {"events": {"it": [question.event.decode()]}, "status": {"it": question.status}}
    order.write_text(json.dumps({**asked, "without_head": [], "samples": SAMPLES}))
    took: dict[str, list[float]] = ask_child(
        "warm_calls.py", package, order, env=question.environment, paths=""
    )
    return median(took["it"])
