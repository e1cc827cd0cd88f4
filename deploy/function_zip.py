"""The zip that Function Compute is given for a function. It is reproducible: same sources, same bytes.

Its name contains a hash of its bytes. So a changed function is another object in the bucket, by the object's
name ROS sees that the function has changed, and whoever reads the object can tell whether it was replaced.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parent.parent
RUNTIMES = ("python3.12", "python3.10")  # of Function Compute, the default first
PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")  # glibc 2.28 is python3.10's
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can contain
CODE_ROOT = "/code"  # where Function Compute unpacks it, and so what tracebacks begin files' names with
DIGEST = re.compile(r".*-([0-9a-f]{64})\.zip")  # SHA-256, in the name of a package
FUNCTIONS = ("token", "callback")
# modules of token that only a deployment with sign-in needs: they use the packages of requirements-auth.txt
FOR_SIGN_IN = ("grants/bearer.py", "grants/key_sets.py", "vendored/time_limit.py")
TOKEN_BUDGET_BYTES = 60 * 1024
TOKEN_BYTE_CODE_BYTES = 40 * 1024  # compiling the sources anew would take 170 ms of a cold start at 0.1 vCPU
BUDGET_BYTES = 7 * 1024**2  # for a zip that contains cryptography
# cffi's compiler and its parser make bindings; cryptography's are made already, and need only _cffi_backend
NOT_NEEDED = re.compile(
    r"(bin|cffi|pycparser|[^/]+\.dist-info)/.*"
    r"|(.*/)?__pycache__/.*"
    r"|.*\.(pyi|pyx|pxd|c|h)|(.*/)?py\.typed"
)


class Package(NamedTuple):
    """A zip and the name that it has in the artifacts bucket."""

    name: str
    content: bytes


def build(function: str, runtime: str, *, sign_in: bool) -> Package:
    """Return one function's zip. Raises `subprocess.CalledProcessError` if packages cannot be installed."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for requirements in required(function, sign_in=sign_in):
            install(requirements, runtime, tree)
        copy_sources(function, tree, sign_in=sign_in)
        for name in [name for name in names_in(tree) if NOT_NEEDED.fullmatch(name)]:
            (tree / name).unlink()
        byte_compile(tree, runtime)
        files = {name: (tree / name).read_bytes() for name in names_in(tree)}
    content = zipped(files)
    return Package(f"{function}-{runtime}-{hashlib.sha256(content).hexdigest()}.zip", content)


def digest_in(name: str) -> str | None:
    """Return the SHA-256 of its content that a package's name contains; None for a name without one."""
    found = DIGEST.fullmatch(name)
    return found[1] if found else None


def copy_sources(function: str, tree: Path, *, sign_in: bool) -> None:
    """Copy a function's modules, without those that a deployment without sign-in has no use for."""
    folder = REPOSITORY / "functions" / function
    left_out = FOR_SIGN_IN if function == "token" and not sign_in else ()
    for name in modules_in(folder):
        if name not in left_out:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / name, tree / name)


def modules_in(folder: Path) -> Iterator[str]:
    """Yield the names of all modules at a folder's root and in its packages.

    A folder without `__init__.py` is no package: a virtual environment, for instance, or somebody's notes.
    """
    for path in folder.glob("*.py"):
        yield path.name
    for package in folder.glob("*/__init__.py"):
        name = package.parent.name
        yield from (f"{name}/{module}" for module in modules_in(package.parent))


def required(function: str, *, sign_in: bool) -> Iterator[Path]:
    """Yield the requirements of the packages that a function ships."""
    folder = REPOSITORY / "functions" / function
    yield folder / "requirements.txt"
    if sign_in and function == "token":
        yield folder / "requirements-auth.txt"


def install(requirements: Path, runtime: str, tree: Path) -> None:
    """Unpack the pinned wheels for a runtime's platform, on whatever machine this runs."""
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--require-hashes", "--no-deps", "--no-compile", "--only-binary=:all:", *platforms),
            *("--implementation", "cp", "--python-version", runtime.removeprefix("python")),
            *("--target", str(tree), "--requirement", str(requirements)),
        ],
        check=True,
    )


def byte_compile(tree: Path, runtime: str) -> None:
    """Add byte code, which halves the time to import, if this machine has the runtime's Python.

    It is used without a look at its source, whose time a zip does not keep. One process makes all of it:
    several processes would not make the same bytes each time.
    """
    python = interpreter(runtime)
    if python:
        subprocess.run(
            [
                *(python, "-m", "compileall", "-q", "-j", "1", "--invalidation-mode", "unchecked-hash"),
                *("-s", str(tree), "-p", CODE_ROOT, str(tree)),
            ],
            check=True,
            env={"PYTHONHASHSEED": "0"},
        )


def interpreter(runtime: str) -> str | None:
    """Return a Python of a runtime's version, or None where there is none."""
    version = runtime.removeprefix("python")
    for candidate in (sys.executable, shutil.which(runtime)):
        script = "import sys; print('%d.%d' % sys.version_info[:2])"
        if candidate:  # it may be a shim for a version that is not installed
            finished = subprocess.run([candidate, "-c", script], capture_output=True, text=True, check=False)
            if finished.stdout.strip() == version:
                return candidate
    return None


def names_in(tree: Path) -> list[str]:
    """Return the names of all files below a folder, in order."""
    return sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip that depends on names and contents alone: no time, no owner, no order of a disk."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever this machine is: the attribute below is a Unix mode
            entry.external_attr = 0o100644 << 16
            opened.writestr(entry, content)
    return archive.getvalue()


def budget_bytes(function: str, *, sign_in: bool, byte_code: bool) -> int:
    """Return the most bytes that a function's zip may have."""
    if function == "callback" or sign_in:
        return BUDGET_BYTES
    return TOKEN_BUDGET_BYTES + (TOKEN_BYTE_CODE_BYTES if byte_code else 0)
