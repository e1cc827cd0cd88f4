"""docs/permits.md and its Chinese form show the files of examples/permits as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
SHOWN = re.compile(r"^<!-- examples/permits/(\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["permits.md", "permits.zh.md"])
def test_the_document_shows_each_file(name: str) -> None:
    files = [path for path in (REPOSITORY / "examples/permits").iterdir() if path.is_file()]
    shown = dict(SHOWN.findall((REPOSITORY / "docs" / name).read_text()))
    assert shown == {path.name: path.read_text() for path in files}
