"""Each line and each test that THREATS.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
ROW = re.compile(
    r"\| [^|]+ \| `(?P<file>[\w/.]+)`: `(?P<line>.+?)` \| `(?P<tests>[\w/.]+)`: `(?P<test>\w+)` \|"
)
LINES = [
    line
    for line in (REPOSITORY / "THREATS.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| attack", "| ---"))
]


def test_there_are_threats() -> None:
    assert len(LINES) > 30


@pytest.mark.parametrize("line", LINES)
def test_what_stops_it_and_what_shows_it_exist(line: str) -> None:
    row = ROW.fullmatch(line)
    assert row, line
    code = (REPOSITORY / row["file"]).read_text(encoding="utf-8").splitlines()
    assert row["line"] in map(str.strip, code)
    assert f"def {row['test']}(" in (REPOSITORY / row["tests"]).read_text(encoding="utf-8")
