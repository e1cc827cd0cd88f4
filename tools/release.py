"""`make release`: all that a release consists of, in `dist/`: zips, npm package, checksums and notes.

The zips are those of both functions for each runtime, token's also with sign-in; the page; the library; and
the documents. The npm package is the library. All are reproducible. TAG, such as v0.2.0, must be the newest
version of CHANGELOG.md; without TAG they may be of a version that has no number yet.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from deploy.function_zip import FUNCTIONS, REPOSITORY, RUNTIMES, names_in, zipped
from deploy.package import build_or_exit

RELEASE = REPOSITORY / "dist"
FOLDERS = {"page": "client/dist", "library": "client/lib", "docs": "site"}
UNRELEASED = "Unreleased"


class Version(NamedTuple):
    """A version's number, or `unreleased`, and its entries in the changelog."""

    number: str
    notes: str


def newest(changelog: str) -> Version:
    """Return the newest version that has entries."""
    for section in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        heading, _, notes = section.partition("\n")
        if notes.strip():
            return Version(heading.split(" - ")[0].lower(), notes.strip() + "\n")
    sys.exit("CHANGELOG.md has no version.")


def check_tag(tag: str, version: Version) -> None:
    """Exit with a sentence if a tag is not the newest version's."""
    if version.number == UNRELEASED.lower():
        sys.exit(f"CHANGELOG.md has entries below {UNRELEASED}: give them a version and a date.")
    if tag != f"v{version.number}":
        sys.exit(f"The tag is {tag}, and the newest version of CHANGELOG.md is {version.number}.")


def folder_zips(repository: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the page, the library and the documents, each with the license; exit if one was not built."""
    license_text = (repository / "LICENSE").read_bytes()
    for part, folder in FOLDERS.items():
        tree = repository / folder
        files = {name: (tree / name).read_bytes() for name in names_in(tree)}
        if not files:
            sys.exit(f"{folder} is empty: make release builds it first.")
        yield part, zipped({**files, "LICENSE": license_text})


def npm_package(library: Path) -> tuple[str, bytes]:
    """Return the file name and the bytes of the npm package that `npm pack` makes of the built library."""
    with TemporaryDirectory() as folder:
        command = ["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", folder]
        said = subprocess.run(command, cwd=library, stdout=subprocess.PIPE, text=True, check=True).stdout
        name = json.loads(said)[0]["filename"]
        return name, (Path(folder) / name).read_bytes()


def function_zips() -> Iterator[tuple[str, bytes]]:
    """Yield the zips for Function Compute."""
    for runtime in RUNTIMES:
        for function in FUNCTIONS:
            yield f"{function}-{runtime}", build_or_exit(function, runtime, sign_in=False).content
        yield f"token-sign-in-{runtime}", build_or_exit("token", runtime, sign_in=True).content


def checksums(files: Mapping[str, bytes]) -> str:
    """Return what `sha256sum --check` reads."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items())


def main(env: Mapping[str, str]) -> None:
    """Write everything; exit with a sentence if that is impossible."""
    version = newest((REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"))
    if env.get("TAG"):
        check_tag(env["TAG"], version)
    parts = dict([*folder_zips(REPOSITORY), *function_zips()])
    files = {f"oss-direct-upload-{version.number}-{part}.zip": content for part, content in parts.items()}
    files.update([npm_package(REPOSITORY / FOLDERS["library"])])
    shutil.rmtree(RELEASE, ignore_errors=True)
    RELEASE.mkdir()
    for name, content in files.items():
        (RELEASE / name).write_bytes(content)
        print(f"dist/{name}: {len(content):,} bytes")
    (RELEASE / "SHA256SUMS").write_text(checksums(files))
    (RELEASE / "NOTES.md").write_text(version.notes, encoding="utf-8")


if __name__ == "__main__":
    main(os.environ)
