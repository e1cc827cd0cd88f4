"""What a client is tried on: emulators, a bucket for each program, a folder and an application server."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from oss_emulator.auth.credentials import Credential
from oss_emulator.running import Emulator
from tests.support.emulator.client_programs.table import CLIENTS, NOT_EMULATED, OPERATIONS, REFUSED, WORKS
from tests.support.emulator.process import CallbackServer

KEY = Credential("AKEXAMPLE", "SKEXAMPLE")
WRONG = Credential("AKEXAMPLE", "another secret")
TEMPORARY = Credential("STS.EXAMPLE", "STSSECRET", "CAISEXAMPLE+/=")
REGION = "cn-hangzhou"
PART_BYTES = 100 * 1024  # the smallest that OSS and the SDKs allow
CONTENT = bytes(range(256)) * 1200 + b"end"  # three parts and the rest


@dataclass(frozen=True)
class Target:
    """The addresses and names of a program. The bucket and the other one are empty, and the program's own."""

    url: str
    url_without_v1: str
    bucket: str
    other_bucket: str
    callback_url: str
    folder: Path


@dataclass(frozen=True)
class Ground:
    """Two running emulators, one of which accepts V1 signatures, and an application server."""

    emulator: Emulator
    without_v1: Emulator
    callbacks: CallbackServer

    def target(self, client: str, operation: str, folder: Path) -> Target:
        """Make the buckets of a program."""
        bucket, other = names = bucket_names(client, operation)
        for name in names:
            self.emulator.bucket(name)
            self.without_v1.bucket(name)
        urls = self.emulator.endpoint, self.without_v1.endpoint
        return Target(*urls, bucket, other, self.callbacks.url, folder)


@contextmanager
def prepared(folder: Path) -> Iterator[Ground]:
    """Start what all programs of a client need."""
    variables = {"LOCAL_OSS_CREDENTIALS": json.dumps([vars(KEY), vars(TEMPORARY)])}
    accepting = {**variables, "LOCAL_OSS_V1_SIGNATURES": "accept"}
    with (
        Emulator(folder / "v1", variables=accepting) as emulator,
        Emulator(folder / "v4", variables=variables) as without_v1,
        CallbackServer() as callbacks,
    ):
        yield Ground(emulator, without_v1, callbacks)


def bucket_names(client: str, operation: str) -> tuple[str, str]:
    """Return the names of a program's buckets."""
    name = f"c{CLIENTS.index(client)}-{list(OPERATIONS).index(operation)}-{operation.replace('_', '-')}"
    return name, f"{name}-other"


def outcome(program: Callable[[], None], code_of: Callable[[Exception], str]) -> str:
    """Run a program; return a mark, and with a refusal the Code that the client's own error has.

    `code_of` raises what is no refusal.
    """
    try:
        program()
    except Exception as error:  # noqa: BLE001 - each client has errors of its own
        code = code_of(error)
        return NOT_EMULATED if code == "NotImplemented" else f"{REFUSED} {code}"
    return WORKS


def fetch(url: str) -> bytes:
    """GET an address that a client signed, as anybody may."""
    answer = requests.get(url, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def store(url: str, content: bytes) -> None:
    """PUT to an address that a client signed."""
    answer = requests.put(url, content, timeout=30)
    assert answer.status_code == 200, answer.text


def order_fault(url: str, name: str) -> None:
    """Let one request of the emulator's fail."""
    answer = requests.post(f"{url}/-/faults", json={"fault": name}, timeout=30)
    assert answer.status_code == 200, answer.text
