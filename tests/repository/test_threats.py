"""Each line and each test that docs/threats.md names is there, in both languages."""

from __future__ import annotations

import re

import pytest

from tests.support.readme import both, text_of
from tests.support.stack import REPOSITORY

ROW = re.compile(
    r"\| [^|]+ \| `(?P<file>[\w/.]+)`: `(?P<line>.+?)` \| `(?P<tests>[\w/.]+)`: `(?P<test>\w+)` \|"
)
LINES = [
    line
    for page in both("threats")
    for line in text_of(page).splitlines()
    if line.startswith("| ") and not line.startswith(("| attack", "| 攻击", "| ---"))
]


def test_there_are_threats() -> None:
    assert len(LINES) > 60


@pytest.mark.parametrize("line", LINES)
def test_what_stops_it_and_what_shows_it_exist(line: str) -> None:
    row = ROW.fullmatch(line)
    assert row, line
    code = (REPOSITORY / row["file"]).read_text(encoding="utf-8").splitlines()
    assert row["line"] in map(str.strip, code)
    assert f"def {row['test']}(" in (REPOSITORY / row["tests"]).read_text(encoding="utf-8")
