"""However `make run` ends, no process is left; if it cannot start, one sentence says why."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import oss2
import pytest
import requests

from local.development_settings import CREDENTIALS, Ports
from local.launcher import why_taken
from local.run import ready_lines
from tests.support.emulated_function import REPOSITORY
from tests.support.environment import free_ports
from tests.support.launcher_process import (
    END_SECONDS,
    LAUNCHER,
    PORTS,
    LauncherProcess,
    environment,
    left_of,
    refused,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what is left running is read from /proc")

Ending = Callable[[LauncherProcess], None]


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[LauncherProcess]:
    launched = LauncherProcess(tmp_path / "state")
    yield launched
    if launched.process.poll() is None:
        launched.process.kill()
    launched.end()


def to_group(*signals: signal.Signals) -> Ending:
    """Signal the launcher and its whole process group, as a terminal does."""

    def send(launched: LauncherProcess) -> None:
        for number in signals:
            os.killpg(launched.process.pid, number)

    return send


def to_launcher(number: signal.Signals) -> Ending:
    return lambda launched: launched.process.send_signal(number)


def test_serves_the_page_and_its_settings_and_keeps_to_its_state_folder(
    launched: LauncherProcess, tmp_path: Path
) -> None:
    said = launched.read_to(launched.page)
    page = requests.get(launched.page, timeout=10)
    config = requests.get(f"{launched.page}config.json", timeout=10)
    to_group(signal.SIGINT)(launched)
    _, rest = launched.end()
    ports = [launched.env[f"{name}_PORT"] for name in ("TOKEN", "CALLBACK", "UPLOAD")]
    allowed = " ".join(f"http://127.0.0.1:{port}" for port in ports)
    built = (REPOSITORY / "client" / "dist" / "index.html").read_text()
    policy = built.replace(
        "img-src 'self' blob: data:; connect-src 'self'",
        f"img-src 'self' blob: data: {allowed.split()[-1]}; connect-src 'self' {allowed}",
    )
    lines = page.text.splitlines()
    added = re.compile(r'"preconnect"|/limits" as="fetch"|name="config"')
    assert [line for line in lines if not added.search(line)] == policy.splitlines()
    assert [line.split('"')[3] for line in lines if "preconnect" in line] == allowed.split()[::2]
    assert config.json() == {"tokenUrl": f"http://127.0.0.1:{launched.env['TOKEN_PORT']}/"}
    assert (said + rest).count(launched.page) == 1
    assert f"http://127.0.0.1:{launched.env['UPLOAD_PORT']}/-/\n" in rest
    assert ((tmp_path / "state" / "callback_key.pem").stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (to_group(signal.SIGINT), 130),
        (to_group(signal.SIGINT, signal.SIGINT), 130),
        (to_launcher(signal.SIGTERM), 143),
        (to_group(signal.SIGHUP), 129),
        (to_launcher(signal.SIGHUP), 129),
        (lambda launched: launched.output.close(), 129),
    ],
    ids=["ctrl-c", "ctrl-c twice", "SIGTERM", "terminal closed", "SIGHUP", "reader of a pipe ended"],
)
def test_leaves_nothing_running(launched: LauncherProcess, ending: Ending, status: int) -> None:
    launched.read_to(launched.page)
    assert len(launched.left()) >= 9  # the launcher, four relays, four servers, their workers
    ending(launched)
    assert launched.end()[0] == status
    assert launched.left() == {}


@pytest.mark.parametrize("line", ["started", "site"])
def test_leaves_nothing_running_when_ended_while_starting(launched: LauncherProcess, line: str) -> None:
    launched.read_to(line)
    to_group(signal.SIGINT)(launched)
    assert launched.end()[0] == 130
    assert launched.left() == {}


def test_leaves_nothing_running_behind_a_reader_of_one_line(tmp_path: Path) -> None:
    env = environment(tmp_path / "state")
    shown = subprocess.run(
        ["sh", "-c", '"$@" | head -n 1', "sh", *LAUNCHER],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        timeout=END_SECONDS,
        check=True,
    ).stdout
    assert shown.count("\n") == 1
    assert left_of(tmp_path / "state") == {}


def test_ends_everything_when_the_launcher_is_killed(launched: LauncherProcess) -> None:
    launched.read_to(launched.page)
    launched.process.kill()
    launched.end()
    launched.wait_until_nothing_is_left()


def test_ends_everything_and_says_so_when_one_process_dies(launched: LauncherProcess) -> None:
    launched.read_to(launched.page)
    port = f"--port {launched.env['CALLBACK_PORT']}"
    os.kill(next(pid for pid, arguments in launched.left().items() if port in arguments), signal.SIGKILL)
    status, said = launched.end()
    assert (status, "callback ended by itself" in said) == (1, True)
    assert launched.left() == {}


def test_relays_what_the_functions_log(launched: LauncherProcess) -> None:
    launched.read_to(launched.page)
    requests.get(f"http://127.0.0.1:{launched.env['TOKEN_PORT']}/nowhere", timeout=10)
    line = launched.read_to('"not_found"').splitlines()[-1]
    name, _, logged = line.partition("|")
    assert (name.strip(), json.loads(logged)["status"]) == ("token", 404)


@pytest.mark.parametrize("name", PORTS)
def test_says_in_one_sentence_which_port_is_taken(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = refused(environment(tmp_path / "state", **{name: port}))
    assert status == 1
    assert said == [f"Port {port} is in use: end what uses it, or choose another with {name}=PORT."]
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "9000 ", "٣", "http"])
def test_says_in_one_sentence_what_is_no_port(tmp_path: Path, port: str) -> None:
    refusal = refused(environment(tmp_path / "state", UPLOAD_PORT=port))
    assert refusal == (1, ["UPLOAD_PORT is not a port: it takes a number from 1 to 65535."])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"WEBHOOK_URL": "http://127.0.0.1:3000/"},
            "callback: WEBHOOK_URL and WEBHOOK_SECRET must be set together",
        ),
        (
            {"WEBHOOK_SECRET": "whsec_" + "A" * 32},
            "callback: WEBHOOK_URL and WEBHOOK_SECRET must be set together",
        ),
        ({"MAX_BYTES": "many"}, "token: MAX_BYTES must be a whole number from 1 to 107374182400"),
        ({"AUTH_ISSUER": "x"}, "token: AUTH_ISSUER must not be set where anyone may upload"),
    ],
)
def test_a_setting_that_a_function_refuses_stops_the_start(
    tmp_path: Path, wrong: dict[str, str], said: str
) -> None:
    refusal = refused(environment(tmp_path / "state", **wrong))
    assert refusal == (1, [f"These settings cannot be used: {said}."])


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "127.0.0.1",
        "localhost",
        "192.168.1",
        "192.168.1.256",
        "[::1]",
        "a:80",
        "http://a",
        "a/",
        "A.b",
        "a,b",
    ],
)
def test_refuses_a_host_that_others_cannot_use(tmp_path: Path, host: str) -> None:
    status, said = refused(environment(tmp_path / "state", HOST=host))
    assert (status, len(said)) == (1, 1)
    assert said[0].startswith(
        "HOST takes the IPv4 address, or the name in lower case, by which other machines "
    )


def test_says_that_an_address_or_a_port_cannot_be_opened() -> None:
    (port,) = free_ports(1)
    assert why_taken(port) == ""
    # as on a machine that has only IPv6: 203.0.113.0/24 is nobody's (RFC 5737)
    assert (
        why_taken(port, "203.0.113.1")
        == "cannot be opened, because this machine has no address 203.0.113.1: give it one"
    )


def test_make_takes_a_host_from_its_command_line_only() -> None:
    recipe = ["make", "--no-print-directory", "-n", "-f", "-", "show"]  # make may run these tests
    text = f"include {REPOSITORY / 'Makefile'}\nshow: ; @echo '[$(HOST)]'\n"

    def shown(*words: str) -> str:
        env = {**os.environ, "HOST": "x86_64-from-a-tool"}
        run = subprocess.run(
            [*recipe, *words], cwd=REPOSITORY, env=env, input=text, capture_output=True, text=True, check=True
        )
        return run.stdout.splitlines()[-1]

    assert (shown(), shown("HOST=laptop")) == ("echo '[]'", "echo '[laptop]'")


def test_prints_the_access_key_and_a_link_to_the_newest_upload(launched: LauncherProcess) -> None:
    launched.read_to(launched.page)
    said = launched.read_to("AccessKey: ")
    assert said.splitlines()[-1] == (
        "AccessKey: id development-access-key-id, secret development-access-key-secret, "
        "security token development-security-token"
    )
    (line,) = [line for line in said.splitlines() if "make show" in line]
    command = line.partition("): ")[2].replace("make", "make -o .venv/installed -o .venv/run", 1)
    key = (f"development-{part}" for part in ("access-key-id", "access-key-secret", "security-token"))
    address = f"http://127.0.0.1:{launched.env['UPLOAD_PORT']}"
    auth = oss2.StsAuth(*key, auth_version="v4")
    bucket = oss2.Bucket(auth, address, "development-uploads", region="cn-hangzhou")
    none = subprocess.run(
        command, shell=True, cwd=REPOSITORY, env=launched.env, capture_output=True, text=True, check=False
    )
    assert none.stderr.splitlines()[0] == "Nothing is stored yet: upload a file in the page."
    bucket.put_object("uploads/_/图 1+.txt", b"hello")
    link = subprocess.run(
        command, shell=True, cwd=REPOSITORY, env=launched.env, capture_output=True, text=True, check=True
    )
    assert requests.get(link.stdout.strip(), timeout=10).content == b"hello"


def test_never_prints_a_secret_of_the_environment() -> None:
    given = dict(zip(CREDENTIALS, ("mine", "my-secret", "my-token"), strict=True))
    said = ready_lines(given, Ports(1, 2, 3, 4))
    assert "AccessKey: mine\n" in said
    assert "my-" not in said


def test_refuses_a_way_in_that_it_does_not_know(tmp_path: Path) -> None:
    refusal = refused(environment(tmp_path / "state", SIGN_IN="1"))
    assert refusal == (1, ["SIGN_IN takes true; without it, anyone may upload."])


@pytest.mark.parametrize("variable", ["ALLOW_ANONYMOUS", "AUTH_JWKS"])
def test_refuses_two_ways_in(variable: str, tmp_path: Path) -> None:
    refusal = refused(environment(tmp_path / "state", SIGN_IN="true", **{variable: "true"}))
    said = f"SIGN_IN and {variable} are both set: each says who may upload, so set one of them."
    assert refusal == (1, [said])


def test_refuses_one_port_for_two(tmp_path: Path) -> None:
    env = environment(tmp_path / "state")
    port = env["SITE_PORT"] = env["TOKEN_PORT"]
    said = [f"SITE_PORT and TOKEN_PORT are both {port}: each needs a port of its own."]
    assert refused(env) == (1, said)


def test_refuses_a_second_launcher_in_the_same_folder(launched: LauncherProcess, tmp_path: Path) -> None:
    launched.read_to("started")
    status, said = refused(environment(tmp_path / "state"))
    assert (status, len(said), said[0].startswith("Another `make run` or `make oss` uses ")) == (1, 1, True)


def test_says_in_one_sentence_that_its_folder_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, said = refused(environment(tmp_path / "file" / "state"))
    assert (status, len(said)) == (1, 1)
    assert "set LOCAL_STATE to another folder" in said[0]


def test_says_in_one_sentence_that_its_key_is_none(tmp_path: Path) -> None:
    (tmp_path / "callback_key.pem").write_text("junk")
    status, said = refused(environment(tmp_path))
    assert (status, len(said)) == (1, 1)
    assert "delete it" in said[0]


@pytest.mark.parametrize(
    "part", ["ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"]
)
def test_refuses_half_an_access_key_by_its_own_name(tmp_path: Path, part: str) -> None:
    status, said = refused(environment(tmp_path / "state", **{part: "x"}))
    assert (status, len(said)) == (1, 1)
    assert "ALIBABA_CLOUD_ACCESS_KEY_ID" in said[0]


def test_says_in_one_sentence_what_is_not_installed(tmp_path: Path) -> None:
    bare = [sys.executable, "-S", "-E", *LAUNCHER[1:]]  # without site-packages
    env = environment(tmp_path / "state")
    run = subprocess.run(bare, env=env, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("Not installed: honcho, functions_framework, ")
    assert run.stderr.count("\n") == 1
