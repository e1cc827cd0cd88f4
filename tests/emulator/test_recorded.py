"""The emulator answers as OSS was recorded, but for what the tables below name."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from oss_emulator.running import Emulator
from tests.support.emulator.process import CallbackServer
from tests.support.emulator.recorded import EXPIRED, KEY, SECRET, TEMPORARY, Target, differences, play

EXCHANGES = json.loads((Path(__file__).parents[1] / "vectors" / "recorded.json").read_text())["exchanges"]
SETTINGS: dict[str, tuple[list[str], dict[str, str]]] = {
    "private": (["media", "versioned", "web", "cors", "list", "vary"], {}),
    "open": (["open"], {"LOCAL_OSS_ACL": "public-read-write"}),
    "blocked": (["blocked"], {"LOCAL_OSS_BLOCK_PUBLIC_ACCESS": "on"}),
    "old": (["old"], {"LOCAL_OSS_V1_SIGNATURES": "accept"}),
    "singapore": (["sgp"], {"LOCAL_OSS_REGION": "ap-southeast-1", "LOCAL_OSS_ACL": "public-read"}),
}
NOT_EMULATED = {"py-append"}
# Newer evidence speaks against these parts of a record, or the emulator cannot have them.
OTHERWISE = {
    "apk-2024": [  # its object was encrypted and came in parts; the record hides the EC
        "no x-oss-ec",
        "no x-oss-server-side-encryption",
        "x-oss-object-type: recorded Multipart, got Normal",
    ],
    "callback-request-2019": [  # current libraries refuse a key of 512 bits
        "authorization: recorded 64 bytes in base64, got 256"
    ],
    "py-get-cors": [  # SDKs' live tests of later years expect lower case
        "CORSConfiguration/CORSRule/AllowedHeader: recorded Authorization, got authorization"
    ],
    "wrong-endpoint-2015": [  # in every later error, RequestId and HostId follow the Message
        (
            "order: recorded ['Error', 'Error/Code', 'Error/Message', 'Error/Bucket', 'Error/Endpoint', "
            "'Error/RequestId'], got ['Error', 'Error/Code', 'Error/Message', 'Error/RequestId', "
            "'Error/Bucket', 'Error/Endpoint']"
        ),
        "too much: Error/HostId",
    ],
}


def played() -> list[Any]:
    return [
        pytest.param(exchange, id=exchange["id"])
        for exchange in EXCHANGES
        if "not_emulated" not in exchange["replay"] and exchange["id"] not in NOT_EMULATED
    ]


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Target]]:
    """Each bucket that a record needs, by its name."""
    now = time.time()
    keys = [
        {"access_key_id": KEY, "access_key_secret": SECRET},
        {**EXPIRED, "expires": now - 60},
        {**TEMPORARY, "expires": now + 3600},
    ]
    with ExitStack() as stack:
        found: dict[str, Target] = {}
        for name, (buckets, options) in SETTINGS.items():
            variables = {"LOCAL_OSS_CREDENTIALS": json.dumps(keys), **options}
            running = Emulator(tmp_path_factory.mktemp(name), buckets=buckets, variables=variables)
            stack.callback(running.close)
            port = int(running.endpoint.rpartition(":")[2])
            found |= {bucket: Target(port, bucket, running.region) for bucket in buckets}
        yield found


@pytest.mark.parametrize("exchange", played())
def test_answers_as_oss_was_recorded(
    targets: dict[str, Target], callback_server: CallbackServer, exchange: dict[str, Any]
) -> None:
    replay = exchange["replay"]

    got = play(targets[replay["bucket"]], replay, callback_server)

    assert sorted(differences(exchange, got)) == OTHERWISE.get(exchange["id"], []), exchange["source"]


@pytest.mark.parametrize("changed", ["status", "header", "value", "element", "text", "layout"])
def test_a_difference_is_noticed(
    targets: dict[str, Target], callback_server: CallbackServer, changed: str
) -> None:
    (exchange,) = (one for one in EXCHANGES if one["id"] == "get-missing-2022")
    got = play(targets["media"], exchange["replay"], callback_server)
    body, headers, status = got.body, dict(got.headers), got.status
    match changed:
        case "status":
            status = 403
        case "header":
            del headers["Connection"]
        case "value":
            headers["x-oss-request-id"] = "0" * 24
        case "element":
            body = body.replace("HostId", "Host")
        case "text":
            body = body.replace("NoSuchKey", "NoKey")
        case "layout":
            body = body.replace("\n  <", "\n<")

    assert differences(exchange, got) == []
    assert differences(exchange, type(got)(status, tuple(headers.items()), body)) != []
