"""The command `oss-emulator`: what its options and variables mean, and when it refuses to start."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from oss_emulator.command_line import Options, read_options, ready_lines
from tests.support.emulator.process import REPOSITORY, EmulatorProcess
from tests.support.environment import clean_environment

KEYS = json.dumps([{"access_key_id": "AKOWN", "access_key_secret": "SKOWN"}])


def options(*arguments: str, **environment: str) -> Options:
    return read_options(arguments, environment)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> str:
    with pytest.raises(SystemExit) as raised:
        read_options(arguments, environment)
    assert raised.value.code in {1, 2}
    return capsys.readouterr().err


def test_without_options_it_is_one_bucket_for_development_on_this_machine() -> None:
    found = options()

    settings = found.settings
    assert (found.host, found.port, settings.bucket, settings.region) == (
        "127.0.0.1",
        9000,
        "examplebucket",
        "cn-hangzhou",
    )
    assert settings.folder == Path(".oss-emulator")
    assert settings.callback_key == Path(".oss-emulator/callback_key.pem")
    assert settings.private_callbacks
    assert not settings.v1_signatures


def test_an_option_comes_before_its_variable() -> None:
    settings = options(
        "--region=cn-beijing",
        "--acl=public-read",
        "--v1",
        LOCAL_OSS_REGION="cn-shanghai",
        LOCAL_OSS_ACL="private",
        LOCAL_OSS_ALLOWED_ORIGINS="http://a.example",
    ).settings

    assert (settings.region, settings.acl, settings.v1_signatures) == ("cn-beijing", "public-read", True)
    assert settings.allowed_origins == ("http://a.example",)


def test_several_buckets_share_a_folder_and_a_key(tmp_path: Path) -> None:
    found = options("--bucket=one", "--bucket=two", f"--folder={tmp_path}", LOCAL_OSS_FOLDER="/elsewhere")

    assert (found.settings.bucket, found.others, found.settings.folder) == ("one", ["two"], tmp_path)
    assert found.settings.callback_key == tmp_path / "callback_key.pem"


def test_the_port_is_the_alone_bucket_s_that_only_the_variable_names() -> None:
    assert options(LOCAL_OSS_BUCKET="one").alone
    assert not options("--bucket=one", LOCAL_OSS_BUCKET="two").alone
    assert not options().alone


def test_a_key_of_one_s_own_comes_from_a_file_and_its_secret_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(KEYS)

    found = options(f"--credentials={tmp_path / 'keys.json'}")

    lines = "\n".join(ready_lines(found, 9000))
    assert "AccessKey: AKOWN" in lines
    assert "SKOWN" not in lines


def test_says_where_it_listens_and_the_key_for_development() -> None:
    first, buckets, key = ready_lines(options("--bucket=one", "--bucket=two", "--host=::1"), 9123)

    assert first.startswith("OSS emulator at http://[::1]:9123 ")
    assert "http://[::1]:9123/-/" in first
    assert buckets == "  buckets: one, two; region: cn-hangzhou"
    assert key == "  AccessKey: development-access-key-id, secret development-access-key-secret"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "emulator.example"])
def test_a_network_needs_a_key_of_one_s_own_or_a_clear_word(
    capsys: pytest.CaptureFixture[str], host: str
) -> None:
    assert "--allow-network" in refusal(capsys, f"--host={host}")
    assert options(f"--host={host}", "--allow-network").host == host
    assert options(f"--host={host}", LOCAL_OSS_CREDENTIALS=KEYS).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_needs_neither(host: str) -> None:
    assert options(f"--host={host}").host == host


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bucket=No"], "3 to 63 lower-case letters, digits and hyphens"),
        (["--bucket=one", "--bucket=one"], "--bucket names a bucket twice"),
        (["--credentials=/nowhere/keys.json"], "the file that --credentials names cannot be read"),
        (["--switches=none=1"], "LOCAL_OSS_SWITCHES: no switch 'none'"),
        (["--port=x"], "--port"),
        (["--public-url=oss.example"], "LOCAL_OSS_PUBLIC_URL is an address that begins with http"),
    ],
)
def test_names_what_is_wrong(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert said in refusal(capsys, *arguments)


def started(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A start that must fail."""
    command = [sys.executable, "-m", "oss_emulator", f"--folder={folder}", *arguments]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_says_in_one_sentence_that_its_port_is_taken(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path / "one") as running:
        ended = started(f"--port={running.port}", folder=tmp_path / "two")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"The OSS emulator cannot start: it cannot listen on 127.0.0.1, port {running.port} "
        "(Address already in use).\n"
    )


def test_says_in_one_sentence_that_its_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "callback_key.pem").write_text("junk")

    ended = started("--port=0", folder=tmp_path)

    assert (ended.returncode, ended.stderr) == (
        1,
        (
            "The OSS emulator cannot start: the file for the callback key (LOCAL_OSS_CALLBACK_KEY) is not a "
            "private RSA key.\n"
        ),
    )


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_at_once(tmp_path: Path, number: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "oss_emulator", "--port=0", f"--folder={tmp_path}"]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().split()[3]
            with requests.Session() as session:  # an idle connection does not hold it up
                session.get(f"{address}/-/switches", timeout=30)
                process.send_signal(number)
                assert process.wait(30) == status
        finally:
            process.kill()
