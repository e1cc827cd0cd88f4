"""One sentence says what is missing on a machine."""

import subprocess
from pathlib import Path

import pytest

from tests.support.emulated_function import REPOSITORY


def set_up(python: Path | str) -> tuple[int, str]:
    run = subprocess.run(
        ["sh", str(REPOSITORY / "local" / "setup.sh"), str(python)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stdout == ""
    return run.returncode, run.stderr


def python_that(tmp_path: Path, fails_at: str) -> Path:
    """Return an interpreter that fails when its program holds `fails_at`."""
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\ncase "$2" in *{fails_at}*) exit 1;; esac\n')
    script.chmod(0o755)
    return script


def test_says_that_python_is_missing() -> None:
    status, said = set_up("no-such-python")
    assert (status, said.count("\n"), said.split(":")[0]) == (1, 1, "no-such-python was not found")


@pytest.mark.parametrize(
    ("fails_at", "words"),
    [("version_info", "is older than Python 3.10"), ("ensurepip", "apt install python3-venv")],
)
def test_says_what_is_wrong_with_python(tmp_path: Path, fails_at: str, words: str) -> None:
    status, said = set_up(python_that(tmp_path, fails_at))
    assert (status, said.count("\n"), words in said) == (1, 1, True)
