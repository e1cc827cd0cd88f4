"""The page about the stand-in alone: its blocks, run in order against `make oss`."""

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
from typing import NamedTuple

import pytest
import requests

from tests.support.environment import clean_environment, free_ports
from tests.support.readme import both

REPOSITORY = Path(__file__).parent.parent.parent
MARK = "run in this order by tests/flow/test_readme_stand_in.py"
END_SECONDS = 30


class Block(NamedTuple):
    language: str
    text: str


class Section:
    """The blocks of one page, with a port of this run instead of 9000; `next` runs them in turn."""

    def __init__(self, readme: str, folder: Path) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        _, _, after = (REPOSITORY / readme).read_text().partition(MARK)
        found = re.findall(
            r"^```(\w+)\n(.*?)^```$", after.replace(":9000", f":{port}"), re.MULTILINE | re.DOTALL
        )
        self.blocks = [Block(*parts) for parts in found]
        self._folder = folder
        self._start(self.blocks.pop(0))

    def _start(self, block: Block) -> None:
        make, *words = shlex.split(block.text)
        assert make == "make"
        self._make = subprocess.Popen(
            # -o: a test must not make the tools anew that it runs on
            [make, "-o", ".venv/installed", *words],
            cwd=REPOSITORY,
            env={**clean_environment(), "LOCAL_STATE": str(self._folder / "state")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._make.stdout is not None
        said = ""
        for line in self._make.stdout:
            said += line
            if "callback_pub_key.pem" in line:
                return
        raise AssertionError(said)

    def next(self, language: str) -> str:
        block = self.blocks.pop(0)
        assert block.language == language
        command = [sys.executable, "-c"] if language == "python" else ["bash", "-euo", "pipefail", "-c"]
        run = subprocess.run(
            [*command, block.text],
            cwd=self._folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout.strip()

    def end(self) -> None:
        """Do what Ctrl-C does: make and the launcher both hear it. The pipe closes when all has ended."""
        os.killpg(self._make.pid, signal.SIGINT)
        self._make.communicate(timeout=END_SECONDS)


@pytest.fixture(params=both("stand-in"))
def section(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Section]:
    section = Section(request.param, tmp_path)
    yield section
    section.end()


def test_its_blocks_do_what_they_say_one_after_another(section: Section, tmp_path: Path) -> None:
    assert section.next("python") == "<Response [204]>"
    assert section.next("python") == "b'hello'"
    section.next("sh")
    assert (tmp_path / "callback_pub_key.pem").read_text().startswith("-----BEGIN PUBLIC KEY-----")
    assert json.loads(section.next("sh")) == []
    ordered = json.loads(section.next("sh"))
    assert ordered == requests.get(f"{section.url}/-/faults", timeout=5).json() != []
    assert section.blocks == []
