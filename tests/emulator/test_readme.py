"""The tables of the emulator's documents name exactly the existing tests, variables, switches and faults."""

import re
from pathlib import Path

import pytest

from oss_emulator.fault_table import FAULTS
from oss_emulator.operations import OPERATIONS
from oss_emulator.switches import SWITCHES

HERE = Path(__file__).parent
EMULATOR = HERE.parent.parent / "emulator"
BEHAVIOUR, ENGLISH, CHINESE = (
    (EMULATOR / name).read_text() for name in ("BEHAVIOUR.md", "README.md", "README.zh-CN.md")
)
in_both_languages = pytest.mark.parametrize(
    ("document", "headings"),
    [
        (ENGLISH, {"variable": "variable", "switch": "switch", "fault": "fault"}),
        (CHINESE, {"variable": "变量", "switch": "开关", "fault": "故障"}),
    ],
    ids=["English", "Chinese"],
)
NAMED_FILE = re.compile(r"`(test_\w+\.py)`")
NAMED_TEST = re.compile(r"`?(?:test_)?(\w+)…`?")
UPLOADS, EVERY_REQUEST, ANY_OTHER = (
    {"uploads", "上传"},
    {"every request", "每个请求"},
    {"any other", "其余任意操作"},
)
WIDE_BRACKET = "\N{FULLWIDTH LEFT PARENTHESIS}"


def tables(document: str) -> list[list[list[str]]]:
    """Return every table as rows of cells; the first row is its heading."""
    blocks = re.findall(r"(?:^\|.*\|\n)+", document, re.MULTILINE)
    return [
        [[cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])] for line in block.splitlines()]
        for block in blocks
    ]


def rows(document: str, *heading: str) -> list[list[str]]:
    """Return the rows of the table with these words above its first columns."""
    (found,) = [table[2:] for table in tables(document) if table[0][: len(heading)] == list(heading)]
    return found


def names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def written_in(file: str) -> list[str]:
    (path,) = HERE.rglob(file)
    return re.findall(r"^ *def test_(\w+)\(", path.read_text(), re.MULTILINE)


def missing(cell: str) -> list[str]:
    """Return the tests in a cell of the last column that do not exist, and any words that are no names."""
    _, *parts = NAMED_FILE.split(cell)
    lost = [] if parts else [cell]
    for file, text in zip(parts[::2], parts[1::2], strict=True):
        written = written_in(file)
        starts = NAMED_TEST.findall(text)
        lost += [f"{file} {start}" for start in starts if not any(test.startswith(start) for test in written)]
        lost += re.findall(r"[\w`]+", NAMED_TEST.sub("", text))
    return lost


def test_every_behaviour_has_a_source_and_tests_that_exist() -> None:
    listed = rows(BEHAVIOUR, "behaviour", "source")
    assert len(listed) > 100
    for behaviour, source, confidence, tests in listed:
        assert "" not in {behaviour, source}
        assert re.match(r"[DTXIU]\b", confidence), behaviour
        assert missing(tests) == [], behaviour


@in_both_languages
def test_it_lists_the_variables_that_are_read(document: str, headings: dict[str, str]) -> None:
    read = set(re.findall(r'"(LOCAL_OSS_\w+)"', (EMULATOR / "oss_emulator" / "settings.py").read_text()))
    listed = [name for row in rows(document, headings["variable"]) for name in names(row[0])]
    assert (set(listed), len(listed)) == (read, len(read))


@in_both_languages
def test_it_lists_the_switches_and_their_values(document: str, headings: dict[str, str]) -> None:
    listed = [(names(row[0]), names(row[1])) for row in rows(document, headings["switch"])]
    kept = [
        (known, values[: len(switch.values)])
        for (known, values), switch in zip(listed, SWITCHES, strict=True)
    ]
    assert kept == [([switch.name], list(switch.values)) for switch in SWITCHES]


def operations(cell: str) -> tuple[list[str], list[str]]:
    """Return the operations that an order strikes, and those that it must name."""
    struck, _, by_name = cell.replace(WIDE_BRACKET, "(").partition("(")
    named = ["PostObject", "PutObject", "CompleteMultipartUpload"] if struck in UPLOADS else names(struck)
    named = list(OPERATIONS) if struck in EVERY_REQUEST else named
    rest = [name for name in OPERATIONS if name not in named]
    return named, rest if by_name[:-1] in ANY_OTHER else names(by_name)


@in_both_languages
def test_it_lists_the_operations_of_each_fault(document: str, headings: dict[str, str]) -> None:
    listed = {row[0].strip("`"): operations(row[2]) for row in rows(document, headings["fault"])}
    assert listed == {name: (list(kind.operations), list(kind.by_name)) for name, kind in FAULTS.items()}


@in_both_languages
def test_it_lists_the_faults_and_their_options(document: str, headings: dict[str, str]) -> None:
    listed = {
        row[0].strip("`"): set(re.findall(r'`"(\w+)"`', " ".join(row)))
        for row in rows(document, headings["fault"])
    }
    assert listed == {name: set(kind.options) for name, kind in FAULTS.items()}
