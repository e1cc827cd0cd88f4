"""`make mutate`: does some test notice each small change of what signs, grants, verifies and completes?

mutmut knows no modules outside `src/`, so one function's folder at a time is staged as that, with its tests.
A mutant that lives has to be killed by a test, or stand in `survivors.txt`: module and changed line, and
below them, indented, why no test can tell. Exit status 1 where one lives without a reason, where a reason has
no mutant, or where less than `FLOOR` is killed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
STAGES = REPOSITORY / ".mutants"
# each module where its tests are; what is vendored is the same in both folders
MUTATED = {"token": ("signing", "issuing", "edge"), "callback": ("receiving", "completing")}
HELPERS = ("fc_events.py", "peer.py", "surroundings.py", "vectors")  # what the tests below import
FLOOR = 0.95
RESULT = re.compile(r"\s+(?P<name>\S+): (?P<verdict>[a-z ]+)")
CONFIG = """\
[tool.mutmut]
source_paths = ["src"]
use_setproctitle = false
only_mutate = [{modules}]

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-x", "-q", "-p", "no:cacheprovider"]
pythonpath = ["src", "tests/{function}", "tests"]
testpaths = ["tests/{function}"]
"""


def stage(function: str) -> Path:
    """Lay out one function and its tests as mutmut wants them; return the folder."""
    folder = STAGES / function
    shutil.rmtree(folder, ignore_errors=True)
    plain = shutil.ignore_patterns("__pycache__", "test_readme*", "test_any_*")
    shutil.copytree(REPOSITORY / "functions" / function, folder / "src", ignore=plain)
    shutil.copytree(REPOSITORY / "tests" / function, folder / "tests" / function, ignore=plain)
    for name in HELPERS:
        source = REPOSITORY / "tests" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / "tests" / name)
    modules = ", ".join(f'"src/{module}.py"' for module in MUTATED[function])
    (folder / "pyproject.toml").write_text(CONFIG.format(modules=modules, function=function))
    return folder


def mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut in a staged folder; return what it says."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [str(Path(sys.executable).parent / "mutmut"), *arguments]
    finished = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        sys.exit(f"mutmut failed in {folder}:\n{finished.stdout[-2000:]}{finished.stderr[-2000:]}")
    return finished.stdout


def verdicts(folder: Path) -> Mapping[str, str]:
    """Run every mutant; return each one's verdict."""
    mutmut(folder, "run")
    found = filter(None, map(RESULT.fullmatch, mutmut(folder, "results", "--all", "true").splitlines()))
    return {match["name"]: match["verdict"] for match in found}


def changed_line(folder: Path, mutant: str) -> str:
    """Return module and changed line of a mutant, whose name changes with the code above it."""
    diff = mutmut(folder, "show", mutant).splitlines()
    (line,) = [line for line in diff if line.startswith("+") and not line.startswith("+++")]
    return f"{mutant.partition('.')[0]}: {line[1:].strip()}"


def explained() -> frozenset[str]:
    """Return the mutants that `survivors.txt` has a reason for."""
    lines = (HERE / "survivors.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and line[0] not in " #")


def main() -> int:
    """Mutate every function; return the exit status."""
    lived: set[str] = set()
    enough = True
    for function in MUTATED:
        folder = stage(function)
        found = verdicts(folder)
        living = [name for name, verdict in found.items() if verdict not in {"killed", "timeout"}]
        killed = 1 - len(living) / len(found)
        print(
            f"{function}: {len(found) - len(living)} of {len(found)} mutants killed, {killed:.1%}", flush=True
        )
        enough &= killed >= FLOOR
        lived |= {changed_line(folder, name) for name in living}
    reasons = explained()
    for line in sorted(lived - reasons):
        print(f"lives, and no reason is given: {line}")
    for line in sorted(reasons - lived):
        print(f"is killed, and survivors.txt gives a reason: {line}")
    return 0 if enough and lived == reasons else 1


if __name__ == "__main__":
    sys.exit(main())
