"""docs/errors.md and docs/errors.zh.md explain every code, and say of it what the source says."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from tests.support.error_codes import client_codes, oss_codes, page_codes, refusals, reply_codes
from tests.support.stack import REPOSITORY

PAGES = ("docs/errors.md", "docs/errors.zh.md")
PARTS = (r"(Means|含义)", r"(Cause|原因)", r"(Fix|解决)")
COLON = "(: |\uff1a)"
RETRY = re.compile(rf" · (?:retry|重试){COLON}(?P<answer>yes|no|408|是|否)")


class Entry(NamedTuple):
    section: int
    facts: str
    text: str


def entries(page: str) -> dict[str, Entry]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    found: dict[str, Entry] = {}
    for number, section in enumerate(text.split("\n## ")[1:]):
        for entry in section.split("\n### ")[1:]:
            code, facts, body = entry.split("\n\n", 2)
            assert code not in found, code
            found[code] = Entry(number, facts, body)
    return found


def helps(entry: Entry) -> bool:
    """Tell whether a retry is said to help, at least with some statuses."""
    said = RETRY.search(entry.facts)
    assert said, entry.facts
    return said["answer"] not in {"no", "否"}


@pytest.mark.parametrize("page", PAGES)
def test_every_code_has_a_heading_and_every_heading_is_a_code(page: str) -> None:
    told = {code for one in refusals() for code in (one.code, one.public_code)}
    assert set(entries(page)) == told | reply_codes() | client_codes() | page_codes() | oss_codes()


@pytest.mark.parametrize("page", PAGES)
def test_each_says_meaning_cause_and_fix(page: str) -> None:
    for code, entry in entries(page).items():
        points = entry.text.split("- ", 1)[1].split("\n- ")[:3]
        assert all(map(re.match, [part + COLON for part in PARTS], points)), code
        assert entry.text.count("\n- ") == len(PARTS) - 1, code


@pytest.mark.parametrize("page", PAGES)
def test_status_and_function_are_those_of_the_source(page: str) -> None:
    explained, told = entries(page), {one.public_code for one in refusals()}
    for one in refusals():
        facts = explained[one.public_code].facts
        assert f"HTTP {one.status} " in facts, one
        assert one.function in facts, one
        if one.code not in told:
            hidden = explained[one.code].facts
            assert hidden.startswith(f"HTTP {one.status} · "), one
            assert f"[{one.public_code}](#{one.public_code})" in hidden, one
            assert one.function in hidden, one


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_heading_or_a_file(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    headings = {slug(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        file, _, _ = link.partition("#")
        assert (REPOSITORY / "docs" / file).is_file() if file else link[1:] in headings, link


def slug(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_both_languages_say_the_same() -> None:
    english, chinese = (entries(page) for page in PAGES)
    assert list(english) == list(chinese)
    for code, entry in english.items():
        other = chinese[code]
        assert entry.section == other.section, code
        assert re.findall(r"\d{3}", entry.facts.partition(" · ")[0]) == re.findall(
            r"\d{3}", other.facts.partition(" · ")[0]
        ), code
        for pattern in (r"`([A-Z_]{4,})`", r"\d{4}-\d{8}", r"\]\((#[a-z_]+)\)"):
            assert set(re.findall(pattern, entry.text)) == set(re.findall(pattern, other.text)), code
        assert helps(entry) == helps(other), code
