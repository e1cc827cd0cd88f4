"""The emulator in the process of a test, as its pytest fixture gives it."""

import base64
import io
import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as oss_v2
import oss2
import pytest
import requests

from oss_emulator.fault_table import FaultError
from oss_emulator.running import Emulator
from oss_emulator.settings import SettingsError
from tests.support.emulator.process import CallbackServer


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Emulator]:
    with Emulator(tmp_path / "state") as started:
        yield started


def bucket(running: Emulator, name: str = "examplebucket") -> oss2.Bucket:
    auth = oss2.AuthV4(running.access_key_id, running.access_key_secret)
    return oss2.Bucket(auth, running.endpoint, name, region=running.region)


def test_an_sdk_works_with_what_it_says_of_itself(running: Emulator) -> None:
    bucket(running).put_object("a", b"hello")

    assert bucket(running).get_object("a").read() == b"hello"


def test_makes_a_bucket_on_demand_and_only_once(running: Emulator) -> None:
    address = running.bucket("media")
    bucket(running, "media").put_object("a", b"x", headers={"x-oss-object-acl": "public-read"})

    assert running.bucket("media") == address == f"{running.endpoint}/media"
    assert requests.get(f"{address}/a", timeout=30).content == b"x"
    with pytest.raises(ValueError, match="3 to 63"):
        running.bucket("../media")


def test_a_reset_forgets_everything_but_the_first_buckets(running: Emulator, tmp_path: Path) -> None:
    running.bucket("media")
    bucket(running).put_object("a", b"x")
    running.fault("object_missing", requests=9)
    with pytest.raises(oss2.exceptions.NoSuchKey):
        bucket(running).get_object("a")
    assert len(running.refusals) == 1

    running.reset()

    assert running.refusals == []
    assert bucket(running).object_exists("a") is False
    with pytest.raises(oss2.exceptions.NoSuchBucket):
        bucket(running, "media").get_object("a")
    bucket(running).put_object("a", b"y")
    assert bucket(running).get_object("a").read() == b"y"
    assert not (tmp_path / "state" / "0").exists()


def test_a_reset_closes_the_index_of_before(running: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def record(*arguments: Any, **options: Any) -> sqlite3.Connection:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(sqlite3, "connect", record)
    running.reset()
    bucket(running).put_object("a", b"x")
    before = list(opened)

    running.reset()

    assert len(before) >= 2
    for connection in before:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_records_each_request(running: Emulator) -> None:
    running.bucket("media")
    bucket(running, "media").put_object("图", b"hello")
    requests.get(f"{running.endpoint}/examplebucket/a", timeout=30)

    refused, put = running.requests

    assert (put.bucket, put.method, put.key, put.status) == ("media", "PUT", "图", 200)
    assert (put.received_bytes, put.access_key_id, put.signature) == (5, running.access_key_id, "V4")
    assert (refused.status, refused.code, refused.request_id) == (
        403,
        "AccessDenied",
        running.refusals[0].request_id,
    )


def test_a_fault_has_its_options_and_its_errors(running: Emulator) -> None:
    running.fault("server_error", requests=1, status=503)

    assert requests.get(f"{running.endpoint}/examplebucket", timeout=30).status_code == 503
    with pytest.raises(FaultError, match="fault is one of"):
        running.fault("none")


def test_an_sdk_repeats_the_part_that_a_fault_has_hit(running: Emulator) -> None:
    config = oss_v2.config.load_default()
    config.credentials_provider = oss_v2.credentials.StaticCredentialsProvider(
        running.access_key_id, running.access_key_secret
    )
    config.region, config.endpoint = running.region, running.endpoint
    config.retry_max_attempts = 3
    content = b"1" * 102_400 + b"2" * 102_400
    running.fault("server_error", operation="UploadPart", part_number=2)

    oss_v2.Uploader(oss_v2.Client(config), part_size=102_400, parallel_num=1).upload_from(
        oss_v2.PutObjectRequest("examplebucket", "a"), io.BytesIO(content)
    )

    assert [(refusal.status, refusal.target.partition("?")[0]) for refusal in running.refusals] == [
        (500, "/examplebucket/a")
    ]
    assert bucket(running).get_object("a").read() == content


def test_records_the_callbacks_it_sent(tmp_path: Path, callback_server: CallbackServer) -> None:
    parameter = {"callbackUrl": callback_server.url, "callbackBody": "key=${object}"}
    form = {"key": "a", "callback": base64.b64encode(json.dumps(parameter).encode()).decode()}
    with Emulator(tmp_path, variables={"LOCAL_OSS_ACL": "public-read-write"}) as anybody_s:
        answer = requests.post(f"{anybody_s.endpoint}/examplebucket", form, files={"file": b"x"}, timeout=30)
        (record,) = anybody_s.callbacks

    assert (answer.status_code, record.key, record.body) == (200, "a", b"key=a")
    assert record.attempts[0].status == 200


@pytest.mark.parametrize("public_url", ["", "https://oss.example/"])
def test_callbacks_name_the_address_that_the_application_reaches(
    tmp_path: Path, callback_server: CallbackServer, public_url: str
) -> None:
    parameter = {"callbackUrl": callback_server.url, "callbackBody": "a"}
    form = {"key": "a", "callback": base64.b64encode(json.dumps(parameter).encode()).decode()}
    variables = {"LOCAL_OSS_ACL": "public-read-write", "LOCAL_OSS_PUBLIC_URL": public_url}
    with Emulator(tmp_path, variables=variables) as running:
        requests.post(f"{running.endpoint}/examplebucket", form, files={"file": b"x"}, timeout=30)
        reached = public_url.rstrip("/") or running.endpoint

    ((_, headers, _),) = callback_server.received
    assert base64.b64decode(headers["x-oss-pub-key-url"]).decode() == f"{reached}/-/callback_pub_key.pem"


def test_wrong_variables_are_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="LOCAL_OSS_ACL is one of"):
        Emulator(tmp_path, variables={"LOCAL_OSS_ACL": "open"})


def test_close_ends_the_server_and_its_thread(tmp_path: Path) -> None:
    with Emulator(tmp_path) as running:
        assert requests.get(f"{running.endpoint}/-/faults", timeout=30).json() == []

    with pytest.raises(requests.ConnectionError):
        requests.get(running.endpoint, timeout=30)
    assert "oss-emulator" not in {thread.name for thread in threading.enumerate()}
