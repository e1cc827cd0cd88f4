"""The documents' recipes do what they say: signing in, and backends in Flask and in Express."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import clean_environment, free_ports
from tests.support.readme import blocks, both, localized, shell
from tests.support.stack import REPOSITORY, Stack

SECRET = "whsec_" + base64.b64encode(b"a webhook secret of 32 bytes....").decode()


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("signed-in"), SIGN_IN="true")
    yield stack
    stack.end()


@pytest.mark.parametrize("readme", both("sign-in"))
def test_one_line_tries_signing_in(readme: str, signed_in: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "token-for" in block]
    for name in {*os.environ} - {*clean_environment()}:
        monkeypatch.delenv(name)  # make would hand the test run's own settings on
    limits = json.loads(shell(localized(script, signed_in), REPOSITORY))
    assert limits["max_bytes"] == 400 * 1024**2


class Application:
    """A block of a page as a process, on this port; `end` stops it."""

    def __init__(self, command: Sequence[str], block: str, folder: Path, port: int) -> None:
        assert block.count("3000") == 1
        self.process = subprocess.Popen(
            [*command, block.replace("3000", str(port))],
            cwd=folder,
            env={**clean_environment(), "WEBHOOK_SECRET": SECRET},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "listening" in line or "Running on" in line:
                return
        raise AssertionError("".join(said))

    def end(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def backend_port() -> int:
    """The port on which each backend listens in turn."""
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def stack(backend_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that sends its events to the backends."""
    webhook = {"WEBHOOK_URL": f"http://127.0.0.1:{backend_port}/uploads", "WEBHOOK_SECRET": SECRET}
    stack = Stack(tmp_path_factory.mktemp("stack"), **webhook)
    yield stack
    stack.end()


@pytest.fixture(params=["Flask", "Express"])
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("readme", both("backend"))
def test_a_backend_verifies_the_event_and_answers_the_page(
    readme: str, framework: str, stack: Stack, backend_port: int, tmp_path: Path
) -> None:
    language, mark, command, folder = {
        "Flask": ("python", "flask", [sys.executable, "-c"], tmp_path),
        # an --eval finds its packages from where it runs
        "Express": ("js", "express", ["node", "--input-type=module", "--eval"], REPOSITORY / "tests"),
    }[framework]
    (block,) = [one for one in blocks(readme, language) if mark in one]
    application = Application(command, block, folder, backend_port)
    try:
        grant = stack.grant("图片.png")
        answer = stack.send(grant, b"hello").json()
        assert (answer["Status"], answer["url"]) == ("OK", f"/files/{grant['id']}")
        assert stack.confirm(grant).json() == answer
        stack.delete(grant["key"])
        assert stack.send(grant, b"HELLO").status_code == 203, "its row is for other bytes"
        assert stack.callback_codes(3, grant["id"])[-1] == "backend_failed"
        webhook = f"http://127.0.0.1:{backend_port}/uploads"
        stranger = stack.http.post(webhook, json={"data": {"id": "x"}}, timeout=10)
        assert stranger.status_code == 401
    finally:
        application.end()


@pytest.mark.parametrize("readme", both("backend"))
def test_the_event_that_is_shown_is_the_one_that_is_sent(readme: str) -> None:
    (shown,) = [one for one in map(json.loads, blocks(readme, "json")) if "type" in one and "data" in one]
    script = (
        "import json; from completion.object_proof import Upload; from completion.webhook import event;"
        "print(event(Upload(**json.loads(input())), 1795593600.0).decode())"
    )
    sent: Any = json.loads(
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=REPOSITORY,  # coverage notes paths relative to it
            env={**clean_environment(), "PYTHONPATH": str(REPOSITORY / "functions" / "callback")},
            input=json.dumps(shown["data"]),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    assert sent == shown
