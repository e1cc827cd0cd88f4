"""`make audit`: is any dependency known to be vulnerable, and is the workflow safe? Exit status 1 if not.

Asks PyPI and npm. A package about which no index answers is listed as `unknown`, which fails with --strict
only.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
WORKFLOWS = REPOSITORY / ".github" / "workflows"
TIMEOUT_SECONDS = 300


def ran(*command: str | Path, folder: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run one auditor and return its output."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )


def python_packages(pinned: Path) -> Iterator[tuple[str, str]]:
    """Yield `bad` or `unknown`, and a line, about the packages of one requirements file."""
    auditor = BIN / "pip-audit"
    result = ran(auditor, "--format", "json", "--disable-pip", "--no-deps", "-r", pinned)
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        yield "unknown", f"{pinned.name}: {result.stderr.strip().splitlines()[-1:] or 'no answer'}"
        return
    for package in packages:
        for flaw in package.get("vulns", ()):
            fixed = ", ".join(flaw["fix_versions"]) or "no version"
            yield (
                "bad",
                f"{pinned.name}: {package['name']} {package['version']}: {flaw['id']}, fixed in {fixed}",
            )
    if unasked := sum("skip_reason" in package for package in packages):
        yield "unknown", f"{pinned.name}: {unasked} of {len(packages)} packages have no answer from the index"


def node_packages(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the same about the packages of one package-lock.json."""
    result = ran("npm", "audit", "--json", folder=folder)
    try:
        flaws = json.loads(result.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        yield "unknown", f"{folder.name}/package-lock.json: the index has no advisories"
        return
    for name, flaw in flaws.items():
        yield "bad", f"{folder.name}/package-lock.json: {name}: {flaw['severity']}"


def workflows() -> Iterator[tuple[str, str]]:
    """Yield the findings of zizmor about the workflows; it needs no network."""
    result = ran(BIN / "zizmor", "--offline", "--format", "plain", WORKFLOWS)
    if result.returncode:
        yield "bad", result.stdout.strip() or result.stderr.strip()


def main() -> int:
    """Run all auditors; return the exit status."""
    found = list(workflows())
    for pinned in sorted(REPOSITORY.rglob("requirements*.txt")):
        if not {".venv", "node_modules", ".mutants"} & set(pinned.parts):
            found += python_packages(pinned)
    for lock in ("client", "tests", "tests/bindings", "tests/packaging"):
        found += node_packages(REPOSITORY / lock)
    for verdict, line in found:
        print(f"{verdict:<8} {line}")
    verdicts = {verdict for verdict, _ in found}
    print(
        "clean" if not verdicts else "not clean" if "bad" in verdicts else "nothing known, not all answered"
    )
    return int("bad" in verdicts or ("unknown" in verdicts and "--strict" in sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())
