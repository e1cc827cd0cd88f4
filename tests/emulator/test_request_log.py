"""The line of each request on the terminal: what was asked, what came of it, who signed; and no secret."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import oss2
import pytest
import requests

from oss_emulator.http_messages import Answer, Body, Request
from oss_emulator.request_log import log_line
from tests.support.emulator.process import REPOSITORY
from tests.support.emulator.scene import encoded, signed
from tests.support.environment import clean_environment

V4 = "OSS4-HMAC-SHA256 Credential=AK/20260921/cn-hangzhou/oss/aliyun_v4_request,Signature=00ff"


def line(target: str, headers: Mapping[str, str], answer: Answer) -> str:
    return log_line(Request("GET", target, headers, Body(lambda _: b"")), answer, 0.0124)


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [
        ("/a%20b/%E5%9B%BE", {}, "GET /a b/图 200 12 ms anonymous"),
        ("/a?acl&x=y", {"authorization": V4}, "GET /a?acl 200 12 ms AK V4"),
        ("/a", {"authorization": "OSS AK:c2ln"}, "GET /a 200 12 ms AK V1"),
        ("/a", {"authorization": "Bearer secret"}, "GET /a 200 12 ms anonymous"),
        (
            "/a?x-oss-credential=AK%2F20260921%2Fcn-hangzhou&x-oss-signature=s3cret&x-oss-security-token=s3cret",
            {},
            "GET /a 200 12 ms AK V4 presigned",
        ),
        ("/a?OSSAccessKeyId=AK&Expires=1&Signature=s3cret", {}, "GET /a 200 12 ms AK V1 presigned"),
        ("/a%0A200%1B[2J", {}, "GET /a\ufffd200\ufffd[2J 200 12 ms anonymous"),
        ("/a%ff", {}, "GET /a\ufffd 200 12 ms anonymous"),
    ],
)
def test_a_line_has_the_key_and_the_signer_and_no_secret(
    target: str, headers: dict[str, str], expected: str
) -> None:
    assert line(target, headers, Answer(200)) == expected


def test_a_refusal_has_its_ec_and_a_reset_no_status() -> None:
    assert line("/a", {}, Answer(404, {"x-oss-ec": "0026-00000001"})) == (
        "GET /a 404 0026-00000001 12 ms anonymous"
    )
    request = Request("PUT", "/a", {}, Body(lambda _: b""))
    assert log_line(request, None, 1.5) == "PUT /a reset 1500 ms anonymous"


@contextmanager
def started(folder: Path, *options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The command as a person starts it; yields its address and the process, whose output is read."""
    command = [sys.executable, "-m", "oss_emulator", "--port=0", f"--folder={folder}", *options]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            address = process.stdout.readline().split()[3]
            process.stdout.readline()
            assert "development-access-key-secret" in process.stdout.readline()
            yield address, process
        finally:
            process.terminate()


def test_the_terminal_shows_each_request_but_those_for_its_own_page(tmp_path: Path) -> None:
    with started(tmp_path) as (address, process):
        auth = oss2.AuthV4("development-access-key-id", "development-access-key-secret")
        oss2.Bucket(auth, address, "examplebucket", region="cn-hangzhou").put_object("a/图.txt", b"x")
        requests.get(f"{address}/-/switches", timeout=30)
        requests.get(f"{address}/examplebucket/b", timeout=30)
        form = signed({"key": "from a form"}, now=time.time(), expires=time.time() + 300)
        requests.post(f"{address}/examplebucket", form, files={"file": b"x"}, timeout=30)
        requests.post(f"{address}/-/faults", json={"fault": "reset", "after_bytes": 10}, timeout=30)
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{address}/examplebucket", {"key": encoded("x" * 100)}, files={"file": b"x"}, timeout=30
            )
        public = {"x-oss-object-acl": "public-read"}
        oss2.Bucket(auth, address, "examplebucket", region="cn-hangzhou").put_object("b", b"xy", public)
        order = {"fault": "reset", "operation": "GetObject", "after_bytes": 1}
        requests.post(f"{address}/-/faults", json=order, timeout=30)
        with pytest.raises(requests.RequestException, match="reset"):
            requests.get(f"{address}/examplebucket/b", timeout=30)
        assert process.stdout
        lines = [re.sub(r"\d+ ms", "0 ms", process.stdout.readline()) for _ in range(6)]

    assert lines == [
        "PUT /examplebucket/a/图.txt 200 0 ms development-access-key-id V4\n",
        "GET /examplebucket/b 403 0003-00000001 0 ms anonymous\n",
        "POST /examplebucket from a form 403 0002-00000902 0 ms AKEXAMPLE V4\n",
        "POST /examplebucket reset 0 ms anonymous\n",
        "PUT /examplebucket/b 200 0 ms development-access-key-id V4\n",
        "GET /examplebucket/b reset 0 ms anonymous\n",
    ]


def test_quiet_prints_nothing_though_it_is_ended_while_it_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "oss_emulator", "--port=0", f"--folder={tmp_path}", "--quiet"]
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as quiet:
        try:
            while not (tmp_path / "index.sqlite").exists():
                with pytest.raises(subprocess.TimeoutExpired):  # it has not ended
                    quiet.wait(0.01)
            quiet.terminate()
            said, _ = quiet.communicate(timeout=30)
        finally:
            quiet.kill()

    assert (said, quiet.returncode) == (b"", 128 + signal.SIGTERM)
