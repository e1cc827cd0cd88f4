"""The README's table of operations and clients, against each client's program of each operation.

The column of ali-oss in a browser is compared in `tests/flow`, where the browser is.
"""

import asyncio
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.emulator.client_programs import (
    opendal_programs,
    oss2_programs,
    oss_v2_programs,
    ossfs_programs,
)
from tests.support.emulator.client_programs.ali_oss import outcomes_in_node
from tests.support.emulator.client_programs.oss_v2_async import AsyncPrograms
from tests.support.emulator.client_programs.oss_v2_sync import SyncPrograms
from tests.support.emulator.client_programs.table import (
    CLIENTS,
    NO_CALL,
    OPERATIONS,
    rows,
    said,
)
from tests.support.emulator.client_programs.target import Ground, outcome, prepared

IN_PYTHON: dict[str, tuple[type[Any], Callable[[Exception], str]]] = {
    "oss2": (oss2_programs.Programs, oss2_programs.code_of),
    "oss-v2": (SyncPrograms, oss_v2_programs.code_of),
    "oss-v2 async": (AsyncPrograms, oss_v2_programs.code_of),
    "ossfs": (ossfs_programs.Programs, ossfs_programs.code_of),
    "opendal": (opendal_programs.Programs, opendal_programs.code_of),
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with prepared(tmp_path_factory.mktemp("clients")) as ground:
        yield ground


@pytest.fixture(scope="module")
def in_node(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("node")
    return outcomes_in_node({name: ground.target("ali-oss Node", name, folder) for name in OPERATIONS})


def run(ground: Ground, client: str, operation: str, folder: Path) -> str:
    programs, code_of = IN_PYTHON[client]
    if not hasattr(programs, operation):
        return NO_CALL
    program = getattr(programs(ground.target(client, operation, folder)), operation)
    started = (lambda: asyncio.run(program())) if inspect.iscoroutinefunction(program) else program
    return outcome(started, code_of)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("client", IN_PYTHON)
def test_a_client_in_python_does_as_the_readme_says(
    ground: Ground, client: str, operation: str, tmp_path: Path
) -> None:
    assert run(ground, client, operation, tmp_path) == said(client, operation)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_ali_oss_in_node_does_as_the_readme_says(in_node: dict[str, str], operation: str) -> None:
    assert in_node[operation] == said("ali-oss Node", operation)


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md"])
def test_each_row_names_its_operations(document: str) -> None:
    _, *found = rows(document)
    named = [re.findall(r"`([^`]+)`", row[0]) for row in found]
    assert named == [code.split() for code in OPERATIONS.values()]


def test_both_languages_say_the_same() -> None:
    english, chinese = rows("README.md"), rows("README.zh-CN.md")
    assert tuple(english[0][1:]) == CLIENTS
    assert [row[1:] for row in chinese[1:]] == [row[1:] for row in english[1:]]
