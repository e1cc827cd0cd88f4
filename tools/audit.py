"""`make audit`: is any dependency known to be vulnerable, and is the workflow safe? Exit status 1 if not.

Asks PyPI and npm. What neither can say, because no index answers or has no advisories, is said and not taken
for good news; it fails with --strict.
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
ENOUGH_SECONDS = 300


def ran(*command: str | Path, folder: Path = REPOSITORY) -> subprocess.CompletedProcess[str]:
    """Run one auditor and return what it says."""
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=ENOUGH_SECONDS,
    )


def python_packages(pinned: Path) -> Iterator[tuple[str, str]]:
    """Yield `bad` or `unknown` and a line for what is pinned in one requirements file."""
    auditor = BIN / "pip-audit"
    told = ran(auditor, "--format", "json", "--disable-pip", "--no-deps", "-r", pinned)
    try:
        packages = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError):
        yield "unknown", f"{pinned.name}: {told.stderr.strip().splitlines()[-1:] or 'no answer'}"
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
    """Yield the same for what a package-lock.json pins."""
    told = ran("npm", "audit", "--json", folder=folder)
    try:
        flaws = json.loads(told.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        yield "unknown", f"{folder.name}/package-lock.json: the index has no advisories"
        return
    for name, flaw in flaws.items():
        yield "bad", f"{folder.name}/package-lock.json: {name}: {flaw['severity']}"


def workflows() -> Iterator[tuple[str, str]]:
    """Yield what zizmor has against the workflows; it asks nobody."""
    told = ran(BIN / "zizmor", "--offline", "--format", "plain", WORKFLOWS)
    if told.returncode:
        yield "bad", told.stdout.strip() or told.stderr.strip()


def main() -> int:
    """Ask everybody; return the exit status."""
    found = list(workflows())
    for pinned in sorted(REPOSITORY.rglob("requirements*.txt")):
        if not {".venv", "node_modules", ".mutants"} & set(pinned.parts):
            found += python_packages(pinned)
    for lock in ("client", "tests"):
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
