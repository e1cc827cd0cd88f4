"""The library as an npm package: packed, checked, and installed in fresh projects that upload a file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, expect

from tests.support.environment import clean_environment
from tests.support.stack import REPOSITORY, Stack
from tools.release import newest, npm_package

PACKAGING = REPOSITORY / "tests" / "packaging"
TOOLS = PACKAGING / "node_modules"
FILE = FilePayload(name="hello.txt", mimeType="text/plain", buffer=b"hello")
STORED = "5 5D41402ABC4B2A76B9719D911017C592"
# what builds a project, by the path of its program, and the folder that it makes; "" is the project itself
BUILDS = {
    "vite": ("vite/bin/vite.js", ["build", "--base", "./", "--outDir", "dist"], "dist"),
    "webpack": ("webpack-cli/bin/cli.js", [], "dist"),
    "next": ("next/dist/bin/next", ["build"], "out"),
    "plain": ("", [], ""),
}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, content = npm_package(REPOSITORY / "client" / "lib")
    path = tmp_path_factory.mktemp("packed") / name
    path.write_bytes(content)
    return path


def run(*command: str, folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a program of Node.js; what it says is shown if it fails."""
    ran = subprocess.run(
        command,
        cwd=folder,
        env={**clean_environment(), "NEXT_TELEMETRY_DISABLED": "1", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def installed(kind: str, tarball: Path, folder: Path) -> Path:
    """Return a fresh project that has the package, and finds the tools in a folder above it."""
    (folder / "node_modules").symlink_to(TOOLS)
    project = folder / "project"
    shutil.copytree(PACKAGING / kind, project)
    shutil.copy(PACKAGING / "main.js", project)
    (project / "package.json").write_text('{"private": true, "type": "module"}')
    quiet = ("--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    run("npm", "install", *quiet, str(tarball), folder=project)
    assert (project / "node_modules" / "oss-direct-upload" / "upload.js").is_file()
    return project


@pytest.mark.parametrize("kind", BUILDS)
def test_a_fresh_project_installs_builds_and_uploads(
    kind: str, tarball: Path, browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    project = installed(kind, tarball, tmp_path)
    program, arguments, made = BUILDS[kind]
    if program:
        root = os.path.commonpath([TOOLS, project])
        run("node", str(TOOLS / program), *arguments, folder=project, env={"ROOT": root})
    if kind == "webpack":
        shutil.copy(project / "index.html", project / made)
    shutil.copytree(project / made, stack.state / "site" / kind)
    page = browser.new_context().new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{stack.site}/{kind}/index.html?token={stack.token}/")
    page.locator("input").set_input_files(FILE)
    expect(page.locator("output")).to_have_text(STORED)
    page.context.close()
    assert faults == []
    if kind == "next":
        names = json.loads((project / made / "imported").read_text())
        assert {"uploadFile", "remember"} <= {*names}, "a server imports it while the project is built"
        assert 'data-on-server="function"' in (project / made / "index.html").read_text()


def test_publint_finds_nothing(tarball: Path) -> None:
    said = run("node", str(TOOLS / "publint/src/cli.js"), "--strict", str(tarball), folder=tarball.parent)
    assert "All good!" in said


def test_its_types_are_those_of_es_modules(tarball: Path) -> None:
    program = TOOLS / "@arethetypeswrong/cli/dist/index.js"
    options = ("--profile", "esm-only", "--no-definitely-typed", "--no-color", "--no-emoji")
    said = run("node", str(program), str(tarball), *options, folder=tarball.parent)  # or exits with 1
    assert '"oss-direct-upload/uppy"' in said


def test_every_module_is_exported_and_every_export_has_its_types() -> None:
    library = REPOSITORY / "client" / "lib"
    exports = json.loads((library / "package.json").read_text())["exports"]
    modules = {one["default"]: one["types"] for one in exports.values() if isinstance(one, dict)}
    assert modules == {f"./{path.name}": f"./{path.stem}.d.ts" for path in library.glob("*.js")}


def test_its_version_is_the_newest_of_the_changelog(tarball: Path) -> None:
    number = newest((REPOSITORY / "CHANGELOG.md").read_text()).number
    version = "0.0.0-unreleased" if number == "unreleased" else number
    assert tarball.name == f"oss-direct-upload-{version}.tgz"
