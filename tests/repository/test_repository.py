"""What holds the repository together: copies are equal, lists agree, function folders stand alone."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import coverage_variables
from vendored.media_types import AMBIGUOUS, TYPES, type_of_file

REPOSITORY = Path(__file__).parent.parent.parent
FUNCTIONS = REPOSITORY / "functions"
PACKAGE = {"token": "grants", "callback": "completion"}
DEPLOYED = {
    "UPLOAD_BUCKET": "examplebucket",
    "OSS_REGION": "cn-hangzhou",
    "UPLOAD_HOST": "https://upload.example.com",
    "CALLBACK_URL": "https://callback.example.com",
    "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
    "ALLOWED_ORIGINS": "https://www.example.com",
    "MAX_BYTES": "1048576",
    "ALLOW_ANONYMOUS": "true",
}


def run(*command: str, folder: Path, **environ: str) -> str:
    """Run Python alone: nothing of this process's paths or environment reaches it."""
    finished = subprocess.run(
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-B", *command],
        cwd=REPOSITORY,  # coverage notes paths relative to it
        env={**coverage_variables(), "PYTHONPATH": str(folder), **environ},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return finished.stdout


def test_the_vendored_folders_are_byte_identical() -> None:
    """Edit the one in functions/token and run `make vendor`."""
    folders = [
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.parent.name != "__pycache__"
        }
        for folder in (FUNCTIONS / function / "vendored" for function in ("token", "callback"))
    ]
    assert folders[0] == folders[1]
    assert "ticket.py" in folders[0]


def in_the_page(expression: str, given: object) -> Any:
    """Return the value of a JavaScript expression about the module `media` of the page and about `given`."""
    script = f"""import {{ readFileSync }} from 'node:fs';
        import * as media from './client/src/page/media-types.js';
        const given = JSON.parse(readFileSync(0, 'utf8'));
        console.log(JSON.stringify({expression}));"""
    finished = subprocess.run(
        ["node", "--input-type=module", "--eval", script],
        input=json.dumps(given),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return json.loads(finished.stdout)


def test_the_page_judges_a_type_as_the_functions_do() -> None:
    tables = in_the_page("[media.TYPES, media.AMBIGUOUS]", None)
    assert tables == [{one: list(known) for one, known in TYPES.items()}, AMBIGUOUS]
    assert list(tables[0]) == list(TYPES)  # the first that has an extension counts
    spellings = [one for name, (_, others) in TYPES.items() for one in (name, *others.split())]
    extensions = [one for listed, _ in TYPES.values() for one in listed.split()]
    asked = [[said, f"a.{ending}"] for said in ["", "a/b", *spellings, *AMBIGUOUS] for ending in extensions]
    asked += [
        ["", name] for name in ("", ".", "zip", ".zip", "a.", "a.zip.", "a.b.ZIP", "a.m\u212av", "\u0130.zip")
    ]
    ours = [type_of_file(said, name) for said, name in asked]
    assert in_the_page("given.map(([said, name]) => media.typeOfFile(said, name))", asked) == ours


def test_the_entries_differ_only_in_the_package_that_they_start() -> None:
    token, callback = ((FUNCTIONS / function / "main.py").read_text() for function in ("token", "callback"))
    assert callback == token.replace("from grants.", "from completion.")
    assert callback != token


@pytest.mark.parametrize("function", ["token", "callback"])
def test_a_function_folder_stands_alone(function: str) -> None:
    script = "import main; print(main.handler(b'', None)['statusCode'])"
    assert run("-c", script, folder=FUNCTIONS / function, **DEPLOYED).splitlines()[-1] == "403"


@pytest.mark.parametrize("function", ["token", "callback"])
def test_a_function_imports_only_what_its_requirements_pin(function: str) -> None:
    script = (
        "import sys; from importlib import metadata; before = set(sys.modules);"
        f"import {PACKAGE[function]}.application;"
        "names = {name.split('.')[0] for name in set(sys.modules) - before};"
        "owners = metadata.packages_distributions();"
        "print(*{owner for name in names for owner in owners.get(name, [])})"
    )
    used = {name.lower() for name in run("-c", script, folder=FUNCTIONS / function).splitlines()[-1].split()}
    pins = (FUNCTIONS / function / "requirements.txt").read_text()
    assert used <= set(re.findall(r"^([a-z0-9-]+)==", pins, re.MULTILINE))
    assert (function == "callback") == bool(used)


def test_the_token_function_needs_only_the_standard_library() -> None:
    run(
        "-S", "-c", "import main, grants.application", folder=FUNCTIONS / "token"
    )  # -S: without site-packages


def test_the_token_functions_cold_start_loads_nothing_heavy() -> None:
    """Each of these costs 3 to 11 ms, which is most of what the whole function takes.

    `__future__` costs 1 ms: a named tuple compiles each annotation that is a string.
    """
    script = "import sys, grants.application; print(*sys.modules)"
    loaded = run("-S", "-c", script, folder=FUNCTIONS / "token").splitlines()[-1].split()
    heavy = {
        "__future__",
        "dataclasses",
        "email",
        "http",
        "ipaddress",
        "logging",
        "random",
        "ssl",
        "traceback",
        "urllib.parse",
    }
    assert not heavy & set(loaded)


def test_pyjwt_is_loaded_only_where_users_sign_in() -> None:
    script = (
        "import os, sys; from grants.application import build; build(os.environ); print('jwt' in sys.modules)"
    )
    assert run("-c", script, folder=FUNCTIONS / "token", **DEPLOYED).splitlines()[-1] == "False"


PINS = ("callback/requirements.txt", "token/requirements.txt", "token/requirements-auth.txt")


@pytest.mark.parametrize("name", PINS)
def test_a_functions_requirements_are_pinned_by_hash(name: str) -> None:
    text = (FUNCTIONS / name).read_text().replace("\\\n", " ")
    for line in filter(None, (line.split("#")[0].strip() for line in text.splitlines())):
        assert re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line), line


def test_development_runs_and_both_functions_pin_the_same_versions() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (REPOSITORY / name).read_text(), re.MULTILINE))
        for name in (*(f"functions/{one}" for one in PINS), "requirements/run.txt", "requirements/dev.txt")
    ]
    assert all(pins[2:])
    others = [item for one in pins[:-1] for item in one.items()]
    assert set(others) <= set(pins[-1].items())


@pytest.mark.parametrize("folder", ["functions", "emulator", "local"])
def test_make_run_installs_every_package_that_its_code_imports(folder: str) -> None:
    nodes = [
        node
        for path in (REPOSITORY / folder).rglob("*.py")
        if path.name != "pytest_plugin.py"  # only pytest imports it
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    providers = packages_distributions()
    needed = {providers[top][0].lower() for name in names if (top := name.split(".")[0]) in providers}
    pinned = re.findall("^([a-z0-9-]+)==", (REPOSITORY / "requirements/run.txt").read_text(), re.MULTILINE)
    assert needed - set(pinned) == set()
    assert needed


def test_no_address_of_a_registry_is_recorded() -> None:
    # but for those where authors take donations
    address = r"https?://(?!github\.com/|opencollective\.com/|tidelift\.com/|eslint\.org/donate|bjornlu\.com/sponsor)"
    for name in (
        *(f"requirements/{path.name}" for path in REPOSITORY.glob("requirements/*.txt")),
        *(f"functions/{one}" for one in PINS),
        "bench/package-lock.json",
        "client/package-lock.json",
        "tests/package-lock.json",
        "tests/bindings/package-lock.json",
        "tests/packaging/package-lock.json",
    ):
        assert not re.search(address, (REPOSITORY / name).read_text())
