"""What the documents link to in this repository is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.readme import text_of
from tests.support.stack import REPOSITORY

FOLDERS = (".", "docs", "emulator/oss_emulator")
NAMES = sorted(
    str(path.relative_to(REPOSITORY)) for folder in FOLDERS for path in (REPOSITORY / folder).glob("*.md")
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
PICTURE = re.compile(r'<img src="([^"]+)"')
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> list[str]:
    """Return what GitHub makes of headings: lower case, no punctuation, hyphens for spaces."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    text = CODE.sub("", text_of(name))
    for target, anchor in [*LINK.findall(text), *((picture, "") for picture in PICTURE.findall(text))]:
        document = (REPOSITORY / name).parent / target if target else REPOSITORY / name
        assert document.exists(), target
        assert not anchor or anchor in anchors(document), f"{target}#{anchor}"


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CHANGELOG.md"])
def test_no_two_headings_share_an_anchor(name: str) -> None:
    found = anchors(REPOSITORY / name)
    assert sorted(found) == sorted(set(found))
