"""docs/everyday.md and its Chinese form: they show the text of examples/backend/, and what they say is so."""

from __future__ import annotations

import json
import re
import sys
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path

import pytest

from grants.callers import Limits
from grants.lifetime import CONFIRM_SECONDS, MAX_GRANT_SECONDS, PARTS_SECONDS
from grants.object_key import ID_RANDOM_BYTES, file_name_of, time_sortable_id, user_segment
from grants.settings import DEFAULT_MULTIPART_BYTES, LARGEST_BYTES, LARGEST_FORM
from grants.upload_request import describe_limits
from vendored.ticket import CLOCK_LEEWAY_SECONDS

REPOSITORY = Path(__file__).parent.parent.parent
SAMPLES = REPOSITORY / "examples/backend"
NAMES = ("everyday.md", "everyday.zh.md")
PAGES = {name: (REPOSITORY / "docs" / name).read_text() for name in NAMES}
MARKED = re.compile(r"^<!-- examples/backend/(\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = sorted(path for path in SAMPLES.rglob("*") if path.is_file() and "__pycache__" not in path.parts)

pages = pytest.mark.parametrize("name", NAMES)


def blocks(name: str) -> list[str]:
    return re.findall(r"^```.*?^```$", PAGES[name], re.MULTILINE | re.DOTALL)


def test_both_languages_show_the_same_code() -> None:
    english, chinese = map(blocks, NAMES)
    assert english == chinese
    assert len(english) > 20


@pages
def test_each_block_of_a_sample_is_a_part_of_its_file(name: str) -> None:
    shown = MARKED.findall(PAGES[name])
    assert {file for file, _ in shown} == {path.relative_to(SAMPLES).as_posix() for path in FILES}
    for file, text in shown:
        assert f"\n{text}" in f"\n{(SAMPLES / file).read_text()}", file


@pages
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_line_of_a_sample_is_shown(name: str, path: Path) -> None:
    file = path.relative_to(SAMPLES).as_posix()
    shown = [
        line for shown, text in MARKED.findall(PAGES[name]) if shown == file for line in text.splitlines()
    ]
    assert sorted(filter(None, shown)) == sorted(filter(None, path.read_text().splitlines()))


def installed(command: str) -> set[str]:
    (line,) = re.findall(rf"^{command} (.+)$", PAGES[NAMES[0]], re.MULTILINE)
    return {re.sub(r"\[.*\]", "", word.strip("'")) for word in line.split()}


def test_the_packages_that_it_installs_are_those_that_the_samples_import() -> None:
    python = "\n".join(path.read_text() for path in SAMPLES.glob("python/*.py"))
    imported = {*re.findall(r"^(?:import|from) (\w+)", python, re.MULTILINE)}
    imported -= sys.stdlib_module_names | {path.stem for path in SAMPLES.glob("python/*.py")}
    owners = metadata.packages_distributions()
    named = {owner.lower() for module in imported for owner in owners[module]}
    assert installed(r"\.\./backend/venv/bin/pip install") == named

    node = "\n".join(path.read_text() for path in SAMPLES.glob("node/*.mjs"))
    used = {one for one in re.findall(r"from '([^']+)'", node) if not one.startswith((".", "node:"))}
    assert installed(r"npm install --prefix \.\./backend") == used


def test_no_event_comes_any_more_when_the_samples_think_so() -> None:
    """A grant lives longest for a file in parts, and its event comes before the ticket ends."""
    for path in ("python/backend.py", "node/backend.mjs"):
        (hours,) = re.findall(r"NO_EVENT_SECONDS = (\d+) \* 3600", (SAMPLES / path).read_text())
        longest = max(PARTS_SECONDS, MAX_GRANT_SECONDS) + CONFIRM_SECONDS
        assert int(hours) * 3600 > longest + CLOCK_LEEWAY_SECONDS


def test_the_samples_read_the_keys_that_the_token_function_makes() -> None:
    (pattern,) = re.findall(
        r'^KEY = re.compile\(r"(.+)"\)$', (SAMPLES / "python/backend.py").read_text(), re.MULTILINE
    )
    upload_id = time_sortable_id(1_800_000_000, bytes(ID_RANDOM_BYTES))
    for subject in ("alice", "", "Alice@example.com"):
        for media_type in ("image/png", "text/html"):
            name = file_name_of(upload_id, media_type)
            match = re.fullmatch(pattern, f"uploads/{user_segment(subject)}/2027/01/15/{name}")
            assert match
            assert match.groups()[:2] == (user_segment(subject), upload_id)


@pages
def test_its_numbers_follow_from_the_code(name: str) -> None:
    shown = max(map(int, re.findall(r"MAX_BYTES=(\d{2,})", PAGES[name])))
    in_parts = [(size, DEFAULT_MULTIPART_BYTES) for size in (shown, LARGEST_BYTES)]
    lines = [
        describe_limits(Limits(size, ()), (), threshold)["slowest_bytes_per_second"]
        for size, threshold in [*in_parts, (LARGEST_FORM, 0)]
    ]
    for number in (LARGEST_BYTES, LARGEST_FORM, *lines):
        assert str(number) in PAGES[name]


@pages
def test_the_words_of_its_searches_are_logged(name: str) -> None:
    searches = re.findall(r"^\| [^|]+ \| `([a-z_ ]+)` \|$", PAGES[name], re.MULTILINE)
    assert len(searches) > 5
    source = "\n".join(path.read_text() for path in (REPOSITORY / "functions").rglob("*.py"))
    for word in " ".join(searches).split():
        assert word in {"and", "or", "alice"} or f'"{word}"' in source, word


@pytest.mark.parametrize(
    ("action", "key", "allowed"),
    [
        ("oss:GetObject", "uploads/a", True),  # an address, the source of a copy
        ("oss:GetObject", "files/a", True),
        ("oss:PutObject", "files/a", True),  # the copy
        ("oss:DeleteObject", "uploads/a", True),
        ("oss:DeleteObject", "files/a", True),
        ("oss:PutObject", "uploads/a", False),
        ("oss:GetObject", "a", False),
        ("oss:ListObjects", "", False),
        ("oss:PutObjectAcl", "files/a", False),
    ],
)
def test_the_policy_allows_what_the_samples_do_and_no_more(action: str, key: str, *, allowed: bool) -> None:
    policy = json.loads((SAMPLES / "policy.json").read_text())
    resource = f"acs:oss:*:*:examplebucket/{key}"
    found = [
        statement
        for statement in policy["Statement"]
        if any(fnmatchcase(action, one) for one in statement["Action"])
        and any(fnmatchcase(resource, one) for one in statement["Resource"])
    ]
    assert bool(found) == allowed
    assert all(statement["Effect"] == "Allow" for statement in policy["Statement"])
