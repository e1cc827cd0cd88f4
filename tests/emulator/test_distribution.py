"""The emulator as others install it: without this repository, with its fixture in a project of their own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import PathDistribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.support.environment import clean_environment

REPOSITORY = Path(__file__).parent.parent.parent
EMULATOR = REPOSITORY / "emulator"

PROJECT = """
import oss2


def test_uploads(oss_emulator):
    auth = oss2.AuthV4(oss_emulator.access_key_id, oss_emulator.access_key_secret)
    bucket = oss2.Bucket(auth, oss_emulator.endpoint, "examplebucket", region=oss_emulator.region)
    assert not bucket.object_exists("a.txt")
    bucket.put_object("a.txt", b"hello")
    assert bucket.get_object("a.txt").read() == b"hello"
"""


# what a project of others has besides the wheel; crcmod-plus has the module crcmod, which oss2 asks for
THEIRS = ("pytest", "pytest-xdist", "oss2", "crcmod-plus")


@dataclass(frozen=True)
class Project:
    """A virtual environment in a temporary place, with what its owner installed."""

    bin: Path

    def run(self, folder: Path, *command: str, program: str = "python") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [self.bin / program, *command],
            cwd=folder,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def pytest(self, folder: Path, *options: str) -> str:
        """Run the folder's tests; return what pytest printed."""
        places = ["-p", "no:cacheprovider", f"--basetemp={folder / 'temporary'}"]
        run = self.run(folder, "-m", "pytest", "-q", *places, *options)
        return run.stdout + run.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that installed the wheel built from `emulator/` alone, its dependencies, and THEIRS.

    No index is asked: each dependency that is declared is a link to the one of this environment.
    """
    folder = tmp_path_factory.mktemp("distribution")
    shutil.copytree(EMULATOR, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps"]
    wheel = [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(folder), str(folder / "source")]
    subprocess.run(wheel, check=True, timeout=300)
    (built,) = folder.glob("oss_local_emulator-*.whl")
    with zipfile.ZipFile(built) as files:
        assert "oss_emulator/console/page.html" in files.namelist()
        assert any(name.endswith("licenses/LICENSE") for name in files.namelist())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True, timeout=300)
    python = folder / "venv" / "bin" / "python"
    into = [*pip, "--python", str(python), "install", *offline, str(built)]
    subprocess.run(into, check=True, timeout=300)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (metadata,) = packages.glob("oss_local_emulator-*.dist-info")
    link(packages, [*(PathDistribution(metadata).requires or ()), *THEIRS])
    return Project(python.parent)


def link(packages: Path, requirements: Iterable[str]) -> None:
    """Link the distributions that are required, and those that these require, into a folder of packages."""
    waiting, linked = [Requirement(one) for one in requirements], set()
    while waiting:
        required = waiting.pop()
        applies = required.marker is None or required.marker.evaluate({"extra": ""})
        if required.name in linked or required.name == "crcmod" or not applies:
            continue
        linked.add(required.name)
        found = distribution(required.name)
        waiting += [Requirement(one) for one in found.requires or ()]
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (packages / top).exists():
                (packages / top).symlink_to(Path(str(found.locate_file(top))))


def test_a_project_of_others_tests_its_code_with_the_fixture(project: Project, tmp_path: Path) -> None:
    for name in ("test_one.py", "test_two.py"):  # two processes, and a test twice in a process
        (tmp_path / name).write_text(PROJECT + PROJECT.replace("test_uploads", "test_uploads_again"))

    said = project.pytest(tmp_path, "-n", "2", "--dist", "loadfile", "-W", "ignore::DeprecationWarning")

    assert "4 passed" in said, said


def test_the_command_runs_what_was_installed(project: Project, tmp_path: Path) -> None:
    told = project.run(tmp_path, "--version", program="oss-emulator")
    found = project.run(tmp_path, "-c", "import oss_emulator; print(oss_emulator.__file__)")

    version = re.search(r'__version__ = "(.+)"', (EMULATOR / "oss_emulator" / "__init__.py").read_text())
    assert version
    assert told.stdout == f"oss-emulator {version[1]}\n"
    assert found.stdout.startswith(str(project.bin.parent)), found


def test_a_project_has_nothing_of_this_repository_s_but_what_is_asked_for(
    project: Project, tmp_path: Path
) -> None:
    found = project.run(tmp_path, "-c", "import functions_framework")
    assert "ModuleNotFoundError" in found.stderr


def test_a_run_of_pytest_that_does_not_use_it_does_not_import_it(project: Project, tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text(
        "import sys\n\n\ndef test_none():\n    assert 'oss_emulator.running' not in sys.modules\n"
        "    assert 'oss_emulator.pytest_plugin' in sys.modules\n"
    )

    said = project.pytest(tmp_path)

    assert "1 passed" in said, said


def test_its_licence_is_this_repository_s() -> None:
    assert (EMULATOR / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()
    assert os.access(EMULATOR / "Containerfile", os.R_OK)
