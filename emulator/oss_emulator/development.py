"""The settings of a bucket for development: what is not set, as a person who tries the emulator wants it.

The key is known to everybody, so it protects nothing; who listens on a network must give keys of their own.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from oss_emulator.auth.credentials import Credential

HOST = "127.0.0.1"
BUCKET = "examplebucket"
FOLDER = Path(".oss-emulator")
ACCESS_KEY = {
    "access_key_id": "development-access-key-id",
    "access_key_secret": "development-access-key-secret",
}
CREDENTIALS = json.dumps([ACCESS_KEY])

VARIABLES: Mapping[str, str] = {
    "LOCAL_OSS_REGION": "cn-hangzhou",
    "LOCAL_OSS_CREDENTIALS": CREDENTIALS,
    # a callback in development goes to the developer's own machine
    "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
}


def is_known(credentials: Iterable[Credential]) -> bool:
    """Whether the key for development is among the keys, so that they protect nothing."""
    return any(
        key.access_key_id == ACCESS_KEY["access_key_id"]
        and key.access_key_secret == ACCESS_KEY["access_key_secret"]
        for key in credentials
    )
