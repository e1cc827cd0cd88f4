"""What `make release` writes: reproducible zips, their checksums, and the notes of the version."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.environment import clean_environment
from tools.release import FOLDERS, Version, check_tag, checksums, folder_zips, newest, npm_package

REPOSITORY = Path(__file__).parent.parent.parent
RELEASED = "# Changelog\n\n## 0.2.0 - 2026-12-24\n\n### Added\n\n- This.\n\n## 0.1.0 - 2026-11-28\n\nFirst.\n"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A repository whose folders are built."""
    for folder in FOLDERS.values():
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "file").write_text(folder)
    (tmp_path / "LICENSE").write_text("MIT")
    return tmp_path


def test_the_notes_are_those_of_the_newest_version() -> None:
    assert newest(RELEASED) == Version("0.2.0", "### Added\n\n- This.\n")
    assert newest(RELEASED.replace("# Changelog\n", "# Changelog\n\n## Unreleased\n")) == newest(RELEASED)


def test_entries_without_a_version_are_unreleased() -> None:
    text = RELEASED.replace("## 0.2.0 - 2026-12-24", "## Unreleased")
    assert newest(text) == Version("unreleased", "### Added\n\n- This.\n")


def test_the_changelog_of_this_repository_has_a_version() -> None:
    assert newest((REPOSITORY / "CHANGELOG.md").read_text()).notes


def test_takes_the_tag_of_the_newest_version() -> None:
    check_tag("v0.2.0", newest(RELEASED))


@pytest.mark.parametrize(
    ("tag", "number", "sentence"),
    [
        ("v0.1.0", "0.2.0", "The tag is v0.1.0, and the newest version of CHANGELOG.md is 0.2.0."),
        ("0.2.0", "0.2.0", "The tag is 0.2.0, and the newest version of CHANGELOG.md is 0.2.0."),
        (
            "v0.2.0",
            "unreleased",
            "CHANGELOG.md has entries below Unreleased: give them a version and a date.",
        ),
    ],
)
def test_refuses_another_tag(tag: str, number: str, sentence: str) -> None:
    with pytest.raises(SystemExit) as raised:
        check_tag(tag, Version(number, "x"))
    assert raised.value.code == sentence


def test_a_wrong_tag_is_refused_before_anything_is_built() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tools.release"],
        cwd=REPOSITORY,
        env={**clean_environment(), "TAG": "v0.0.0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (ran.returncode, ran.stdout, len(ran.stderr.splitlines())) == (1, "", 1)


def test_packs_page_library_and_documents_with_the_license_and_always_the_same(built: Path) -> None:
    zips = dict(folder_zips(built))
    assert zips == dict(folder_zips(built))
    assert list(zips) == ["page", "library", "docs"]
    for part, folder in FOLDERS.items():
        with zipfile.ZipFile(io.BytesIO(zips[part])) as opened:
            assert {name: opened.read(name) for name in opened.namelist()} == {
                "LICENSE": b"MIT",
                "deep/file": folder.encode(),
            }


def test_packs_the_library_for_npm_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"name": "library", "version": "0.2.0"}))
    (tmp_path / "upload.js").write_text("export {};\n")
    name, content = npm_package(tmp_path)
    assert (name, content) == npm_package(tmp_path)
    assert name == "library-0.2.0.tgz"
    with tarfile.open(fileobj=io.BytesIO(content)) as opened:
        assert sorted(opened.getnames()) == ["package/package.json", "package/upload.js"]


@pytest.mark.parametrize("folder", FOLDERS.values())
def test_names_what_was_not_built(built: Path, folder: str) -> None:
    (built / folder / "deep" / "file").unlink()
    with pytest.raises(SystemExit, match=f"^{folder} is empty"):
        list(folder_zips(built))


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="this system has no sha256sum")
def test_sha256sum_accepts_the_checksums_and_notices_a_change(tmp_path: Path) -> None:
    files = {"a.zip": b"a", "b.zip": b"b"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "SHA256SUMS").write_text(checksums(files))
    verify = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(verify, cwd=tmp_path, check=False).returncode == 0
    (tmp_path / "b.zip").write_bytes(b"c")
    assert subprocess.run(verify, cwd=tmp_path, check=False, capture_output=True).returncode == 1
