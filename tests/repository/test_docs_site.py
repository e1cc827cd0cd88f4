"""The website of the documents has every page, and links that lead to the copies of their targets."""

from __future__ import annotations

import re

import pytest

from tests.support.readme import PAGES, text_of
from tools.docs_site import OUTSIDE, turned


@pytest.mark.parametrize(
    ("source", "text", "copied"),
    [
        ("README.md", "[a](docs/deploy.md#regions)", "[a](deploy.md#regions)"),
        ("README.md", "[中文](README.zh-CN.md)\n\nText", "Text"),
        ("docs/page.md", "[a](sign-in.md) [b](../CHANGELOG.md)", "[a](sign-in.md) [b](changelog.md)"),
        ("docs/page.zh.md", "[a](../README.zh-CN.md)", "[a](index.zh.md)"),
        ("emulator/README.md", "[a](../docs/page.md) [b](BEHAVIOUR.md)", "[a](page.md) [b](behaviour.md)"),
        (
            "docs/page.md",
            "[a](https://example.com/docs/a.md) [b](#c)",
            "[a](https://example.com/docs/a.md) [b](#c)",
        ),
        (
            "README.md",
            '<img src="docs/page.png" width="640" alt="A page">',
            "![A page](page.png){ width=640 }",
        ),
    ],
)
def test_a_link_leads_to_the_copy_of_its_target(source: str, text: str, copied: str) -> None:
    assert turned(text, source) == copied


def test_the_menu_has_every_page_once() -> None:
    named = re.findall(r"^ +- ([\w-]+\.md)$", text_of("mkdocs.yml"), re.MULTILINE)
    pages = [english.removeprefix("docs/") for english, _ in PAGES]
    outside = [page for page in OUTSIDE.values() if not page.endswith(".zh.md")]
    assert sorted(named) == sorted([*pages, *outside])
