"""The emulator as others install it: without this repository, with its fixture in a project of their own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which a wheel that was built from `emulator/` alone was installed."""
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
    subprocess.run([*pip, "install", *offline, "--target", folder / "site", built], check=True, timeout=300)
    return folder / "site"


def environment(installed: Path) -> dict[str, str]:
    return {**clean_environment(), "PYTHONPATH": str(installed)}


def test_a_project_of_others_tests_its_code_with_the_fixture(installed: Path, tmp_path: Path) -> None:
    for name in ("test_one.py", "test_two.py"):  # two processes, and a test twice in a process
        (tmp_path / name).write_text(PROJECT + PROJECT.replace("test_uploads", "test_uploads_again"))

    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-p",
        "no:cacheprovider",
    ]
    options = [f"--basetemp={tmp_path / 'temporary'}", "-W", "ignore::DeprecationWarning"]
    run = subprocess.run(
        [*command, *options],
        cwd=tmp_path,
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "4 passed" in run.stdout, run.stdout + run.stderr


def test_the_command_runs_what_was_installed(installed: Path, tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, installed / "bin" / "oss-emulator", "--version"],
        cwd=tmp_path,
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    version = re.search(r'__version__ = "(.+)"', (EMULATOR / "oss_emulator" / "__init__.py").read_text())
    assert version
    assert told.stdout == f"oss-emulator {version[1]}\n"


def test_a_run_of_pytest_that_does_not_use_it_does_not_import_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_none.py").write_text(
        "import sys\n\n\ndef test_none():\n    assert 'oss_emulator.running' not in sys.modules\n"
        "    assert 'oss_emulator.pytest_plugin' in sys.modules\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'temporary'}"],
        cwd=tmp_path,
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert "1 passed" in run.stdout, run.stdout + run.stderr


def test_its_licence_is_this_repository_s() -> None:
    assert (EMULATOR / "LICENSE").read_bytes() == (REPOSITORY / "LICENSE").read_bytes()
    assert os.access(EMULATOR / "Containerfile", os.R_OK)
