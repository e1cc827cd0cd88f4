"""What docs/how-it-works.md shows is what happens. (Its stand-in alone: test_readme_stand_in.py.)"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.readme import blocks, both, localized, shell
from tests.support.stack import Stack


@pytest.mark.parametrize("readme", both("how-it-works"))
def test_the_curl_commands_upload_a_file(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "grant.json" in block]
    answer = json.loads(shell(localized(script, stack), tmp_path))
    (shown,) = [one for one in map(json.loads, blocks(readme, "json")) if "Status" in one]
    assert answer.keys() == shown.keys()
    assert {name: answer[name] for name in ("Status", "size", "etag", "type", "name")} == {
        name: shown[name] for name in ("Status", "size", "etag", "type", "name")
    }


@pytest.mark.parametrize("readme", both("how-it-works"))
def test_the_fault_command_sets_a_fault(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "callback_down" in block]
    shell(localized(script, stack), tmp_path)
    assert stack.http.get(f"{stack.upload}/-/faults", timeout=5).json() != []
    stack.clear_faults()
