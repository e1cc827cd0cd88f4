"""`make oss` starts a bucket for each name, prints their addresses, and leaves no process at its end."""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.oss_options import OptionsError, bucket_processes, read_options, ready_lines
from local.process_spec import Paths
from tests.support.environment import clean_environment, free_ports
from tests.support.launcher_process import OSS_LAUNCHER, LauncherProcess, left_of, refused

SECRET = "do-not-print-me"
KEYS = json.dumps(
    [
        {"access_key_id": "one", "access_key_secret": SECRET},
        {"access_key_id": "STS.two", "access_key_secret": SECRET, "security_token": SECRET, "expires": 1},
    ]
)


@pytest.fixture
def files(tmp_path: Path) -> Paths:
    return Paths(Path("/repository"), tmp_path / "state")


@pytest.fixture
def two() -> tuple[int, int]:
    media, pages = free_ports(2)
    return media, pages


def buckets(two: tuple[int, int]) -> dict[str, str]:
    return {"LOCAL_OSS_BUCKETS": f"media:{two[0]}, pages:{two[1]}"}


def environments(env: dict[str, str], files: Paths) -> dict[str, dict[str, str]]:
    started = bucket_processes(env, read_options(env, files), files)
    return {spec.name: dict(spec.env) for spec in started}


def fault(env: dict[str, str], files: Paths) -> str:
    with pytest.raises(OptionsError) as raised:
        read_options(env, files)
    return str(raised.value)


def test_gives_each_bucket_development_values_and_the_others_addresses(
    two: tuple[int, int], files: Paths
) -> None:
    found = environments({"PATH": "/usr/bin", "HOME": "/home/somebody", **buckets(two)}, files)
    shared = {
        "PATH": "/usr/bin",
        "PYTHONUNBUFFERED": "1",
        "LOCAL_OSS_REGION": "cn-hangzhou",
        "LOCAL_OSS_CREDENTIALS": json.dumps(
            [
                {
                    "access_key_id": "development-access-key-id",
                    "access_key_secret": "development-access-key-secret",
                }
            ]
        ),
        "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
        "LOCAL_OSS_CALLBACK_KEY": str(files.callback_key),
    }
    assert found == {
        "media": {
            **shared,
            "LOCAL_OSS_BUCKET": "media",
            "LOCAL_OSS_FOLDER": str(files.state / "oss" / "media"),
            "LOCAL_OSS_NEIGHBOURS": f"pages=http://127.0.0.1:{two[1]}",
        },
        "pages": {
            **shared,
            "LOCAL_OSS_BUCKET": "pages",
            "LOCAL_OSS_FOLDER": str(files.state / "oss" / "pages"),
            "LOCAL_OSS_NEIGHBOURS": f"media=http://127.0.0.1:{two[0]}",
        },
    }


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("LOCAL_OSS_REGION", "cn-shanghai"),
        ("LOCAL_OSS_CREDENTIALS", KEYS),
        ("LOCAL_OSS_ALLOWED_ORIGINS", "http://localhost:3000"),
        ("LOCAL_OSS_PRIVATE_CALLBACKS", "refuse"),
        ("LOCAL_OSS_CALLBACK_SECONDS", "1"),
        ("LOCAL_OSS_SWITCHES", "form_space=+"),
        ("LOCAL_OSS_ACL", "public-read"),
        ("LOCAL_OSS_BLOCK_PUBLIC_ACCESS", "on"),
        ("LOCAL_OSS_DOMAIN", "custom"),
        ("LOCAL_OSS_V1_SIGNATURES", "accept"),
        ("LOCAL_OSS_IMAGES", "original"),
    ],
)
def test_passes_an_option_on_to_every_bucket(
    two: tuple[int, int], files: Paths, option: str, value: str
) -> None:
    found = environments({**buckets(two), option: value}, files)
    assert [env[option] for env in found.values()] == [value, value]


def test_keeps_the_callback_key_where_it_is_told(two: tuple[int, int], files: Paths, tmp_path: Path) -> None:
    found = environments({**buckets(two), "LOCAL_OSS_CALLBACK_KEY": str(tmp_path / "key.pem")}, files)
    assert {env["LOCAL_OSS_CALLBACK_KEY"] for env in found.values()} == {str(tmp_path / "key.pem")}


def test_says_where_each_bucket_and_its_page_is(two: tuple[int, int], files: Paths) -> None:
    said = ready_lines(read_options(buckets(two), files))
    for name, port in zip(("media", "pages"), two, strict=True):
        where = f"http://127.0.0.1:{port}"
        assert f"  {name}: {where} (what it stored, called back and refused: {where}/-/)\n" in said
    assert "AccessKey: development-access-key-id, secret development-access-key-secret\n" in said
    assert f"http://127.0.0.1:{two[0]}/-/callback_pub_key.pem\n" in said


def test_shows_the_ids_of_given_keys_and_no_secret(two: tuple[int, int], files: Paths) -> None:
    said = ready_lines(read_options({**buckets(two), "LOCAL_OSS_CREDENTIALS": KEYS}, files))
    assert ("AccessKey: one, STS.two\n" in said, SECRET in said) == (True, False)


@pytest.mark.parametrize(
    "entry",
    ["", "media", "media:", "media:0", "media:65536", "media:x", "ab:9000", "Media:9000", "-media:9000"],
)
def test_says_which_entry_is_no_bucket(two: tuple[int, int], files: Paths, entry: str) -> None:
    assert fault({"LOCAL_OSS_BUCKETS": f"pages:{two[0]},{entry}"}, files) == (
        "entry 2 of LOCAL_OSS_BUCKETS is not name:port, a name of 3 to 63 lower-case letters, digits and "
        "hyphens and a port from 1 to 65535"
    )


@pytest.mark.parametrize("second", ["media:{1}", "pages:{0}"])
def test_refuses_one_name_or_port_for_two(two: tuple[int, int], files: Paths, second: str) -> None:
    env = {"LOCAL_OSS_BUCKETS": f"media:{two[0]},{second.format(*two)}"}
    assert fault(env, files) == "entry 2 of LOCAL_OSS_BUCKETS repeats the name or the port of another"


def test_says_in_one_sentence_all_that_is_wrong_and_no_value(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        wrong = {
            "LOCAL_OSS_BUCKETS": f"{SECRET},media:{port}",
            "LOCAL_OSS_CREDENTIALS": SECRET,
            "LOCAL_OSS_CALLBACK_KEY": f"{tmp_path}/{SECRET}/key.pem",
            "LOCAL_OSS_ACL": SECRET,
        }
        state = tmp_path / "state"
        status, said = refused({**clean_environment(), "LOCAL_STATE": str(state), **wrong}, OSS_LAUNCHER)
    assert (status, len(said), state.exists()) == (1, 1, False)
    assert said[0].startswith("The stand-in cannot start: entry 1 of LOCAL_OSS_BUCKETS is not name:port")
    assert f"port {port} of LOCAL_OSS_BUCKETS is in use" in said[0]
    assert SECRET not in said[0]
    for name in ("LOCAL_OSS_CREDENTIALS", "LOCAL_OSS_CALLBACK_KEY", "LOCAL_OSS_ACL"):
        assert name in said[0]


def test_says_in_one_sentence_that_a_given_key_is_none(two: tuple[int, int], tmp_path: Path) -> None:
    (tmp_path / SECRET).write_text("junk")
    env = {**buckets(two), "LOCAL_OSS_CALLBACK_KEY": str(tmp_path / SECRET)}
    status, said = refused({**clean_environment(), "LOCAL_STATE": str(tmp_path), **env}, OSS_LAUNCHER)
    words = "The file that LOCAL_OSS_CALLBACK_KEY names is not a private RSA key."
    assert (status, said) == (1, [words])


@pytest.mark.skipif(sys.platform != "linux", reason="what is left running is read from /proc")
class TestStarted:
    @pytest.fixture
    def launched(self, two: tuple[int, int], tmp_path: Path) -> Iterator[LauncherProcess]:
        launched = LauncherProcess(tmp_path / "state", OSS_LAUNCHER, **buckets(two))
        yield launched
        if launched.process.poll() is None:
            launched.process.kill()
        launched.end()

    def test_its_buckets_answer_share_one_key_and_leave_nothing_running(
        self, launched: LauncherProcess, two: tuple[int, int]
    ) -> None:
        launched.read_to("callback_pub_key.pem")
        keys = {
            requests.get(f"http://127.0.0.1:{port}/-/callback_pub_key.pem", timeout=10).text for port in two
        }
        assert len(keys) == 1
        assert len(launched.left()) >= 5  # the launcher, two relays, two servers, their workers
        os.killpg(launched.process.pid, signal.SIGINT)
        assert launched.end()[0] == 130
        assert left_of(launched.state) == {}
        assert ((launched.state / "callback_key.pem").stat().st_mode & 0o777) == 0o600

    def test_refuses_a_second_launcher_in_the_same_folder(self, launched: LauncherProcess) -> None:
        launched.read_to("started")
        (port,) = free_ports(1)
        second = {"LOCAL_STATE": str(launched.state), "LOCAL_OSS_BUCKETS": f"other:{port}"}
        status, said = refused({**clean_environment(), **second}, OSS_LAUNCHER)
        assert (status, len(said), said[0].split(" uses ")[0]) == (
            1,
            1,
            "Another `make run` or `make oss`",
        )
