"""The README's commands do what it says; those for `make oss` are in test_readme_stand_in.py."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from stack import REPOSITORY, Stack

READMES = ("README.md", "README.zh-CN.md")


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```$", (REPOSITORY / readme).read_text(), re.MULTILINE | re.DOTALL
    )


def localized(script: str, stack: Stack) -> str:
    """Replace the default ports by those of this run."""
    for default, actual in (("9000", stack.upload), ("9001", stack.token), ("9002", stack.callback)):
        script = script.replace(f"http://127.0.0.1:{default}", actual)
    return script


def shell(script: str, folder: Path) -> str:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


@pytest.mark.parametrize("readme", READMES)
def test_the_curl_commands_upload_a_file(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "grant.json" in block]
    answer = json.loads(shell(localized(script, stack), tmp_path))
    (shown,) = [one for one in map(json.loads, blocks(readme, "json")) if "Status" in one]
    assert answer.keys() == shown.keys()
    assert {name: answer[name] for name in ("Status", "size", "etag", "type", "name")} == {
        name: shown[name] for name in ("Status", "size", "etag", "type", "name")
    }


@pytest.mark.parametrize("readme", READMES)
def test_the_fault_command_sets_a_fault(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "callback_down" in block]
    shell(localized(script, stack), tmp_path)
    assert stack.http.get(f"{stack.upload}/-/faults", timeout=5).json() != []
    stack.clear_faults()
