"""The commands of docs/everyday.md: they start a sample with `make run`, and ask it as a user does."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.environment import clean_environment, free_ports
from tests.support.sample_backend import LANGUAGES, sample_folder
from tests.support.stack import PORTS, REPOSITORY, bearer_of

MARK = "<!-- run by tests/flow/test_everyday.py -->"
DEFAULTS = dict(zip((*PORTS, "BACKEND"), (9001, 9002, 9000, 8080, 3000), strict=True))
START, ASK = re.findall(
    rf"^{MARK}\n```sh\n(.*?)^```$",
    (REPOSITORY / "docs" / "everyday.md").read_text(),
    re.MULTILINE | re.DOTALL,
)


class Commands:
    """The commands in one language, with ports of this run and without make, which might install."""

    def __init__(self, language: str, folder: Path) -> None:
        self.ports = dict(zip(DEFAULTS, free_ports(len(DEFAULTS)), strict=True))
        self._env = {
            **clean_environment(),
            **{name: str(port) for name, port in self.ports.items()},
            "PORT": str(self.ports["BACKEND"]),
            "LOCAL_STATE": str(folder / "state"),
        }
        sample = sample_folder(language, folder)
        python, node = re.findall(r"^(\S+ \S+) & # or: (\S+ \S+) &$", START, re.MULTILINE)[0]
        started = {
            "python": f"{shlex.quote(sys.executable)} -B {shlex.quote(str(sample / 'backend.py'))}",
            "node": f"node {shlex.quote(str(sample / 'backend.mjs'))}",
        }[language]
        self._start = START.replace(f"{python} & # or: {node} &", f"{started} &")
        self.process: subprocess.Popen[str] | None = None

    def local(self, script: str) -> str:
        for name, port in DEFAULTS.items():
            script = script.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self.ports[name]}")
        script = script.replace("make -s token-for", "env").replace("make run", "exec env")
        python = shlex.quote(sys.executable)
        script = re.sub(r"(env USER=\w+)", rf"\1 {python} -m local.token_for", script)
        return re.sub(r"(exec env .*)$", rf"\1 {python} -m local.run", script, flags=re.MULTILINE)

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", self.local(self._start)],
            cwd=REPOSITORY,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        said, waited = "", {f"127.0.0.1:{self.ports['SITE_PORT']}/", "istening|Running on"}
        for line in self.process.stdout:
            said += line
            waited -= {one for one in waited if re.search(one, line)}
            if not waited:
                return
        raise AssertionError(said)

    def ask(self, upload_id: str) -> str:
        script = re.sub(r"^ID=\w+$", f"ID={upload_id}", self.local(ASK), flags=re.MULTILINE)
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=REPOSITORY,
            env=self._env,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout

    def end(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.communicate(timeout=30)


@pytest.fixture(params=LANGUAGES)
def commands(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Commands]:
    commands = Commands(request.param, tmp_path)
    yield commands
    commands.end()


def test_a_reader_sees_an_upload_in_the_backend(commands: Commands) -> None:
    commands.start()
    token = f"http://127.0.0.1:{commands.ports['TOKEN_PORT']}/"
    asked = {"name": "a.txt", "size": "5", "type": "text/plain"}
    grant = requests.get(
        token, params=asked, headers={"Authorization": bearer_of("alice")}, timeout=10
    ).json()
    form = [(name, (None, value)) for name, value in grant["fields"].items()]
    answer = requests.post(grant["url"], files=[*form, ("file", ("a", b"hello"))], timeout=30)
    assert answer.json()["url"] == f"/files/{grant['id']}"

    record, file = (
        json.loads(line) for line in commands.ask(grant["id"]).replace("}{", "}\n{").split("\n") if line
    )
    assert record == {"title": "Expenses", "files": [{"id": grant["id"], "name": "a.txt"}]}
    assert requests.get(file["url"], timeout=10).content == b"hello"
