"""`make mutate`: does a test fail for each small change of the code that decides most.

mutmut takes the folder `src/` for the root of all imports. So each target is staged in a folder of its own:
`src/` is the import root of the mutated modules, and the rest of the repository lies beside it. A mutant that
no test kills must be explained in `survivors.txt`: module and changed line, and below them, indented, why no
test can tell the difference. The exit status is 1 if a mutant lives without an explanation, if an explanation
has no living mutant, or if less than `FLOOR` of a target's mutants are killed. With names of targets as
arguments, only these are run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
STAGES = REPOSITORY / ".mutants"
SURVIVORS = HERE / "survivors.txt"
FLOOR = 0.95
NOT_COPIED = (".*", "__pycache__", "node_modules", "screenshots", "htmlcov", "site")
# property tests repeat too much, the documents' tests need processes, and pip needs an index
SLOW_FILES = ("test_any_*", "test_readme*", "test_package*")
SLOW_TEST = "interrupted_after_any_request"  # it repeats whole deploys
RESULT = re.compile(r"\s+(?P<name>\S+): (?P<verdict>[a-z ]+)")
# tests run a command's main() as `python -m` does: mutmut sees no test of it, and cannot mutate it there
COMMAND = re.compile(r"deploy\.\w+\.x_main__mutmut_\d+")
KILLED = frozenset({"killed", "timeout"})
CONFIG = """\
[tool.mutmut]
source_paths = ["src"]
also_copy = [{beside}]
use_setproctitle = false
timeout_multiplier = 3.0
timeout_constant = 10.0
only_mutate = [{modules}]

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib", "-x", "-q", "-p", "no:cacheprovider", "-k", "not {slow}"]
pythonpath = ["src", ".", "functions/token", "functions/callback", "emulator"]
testpaths = [{tests}]
"""


class Target(NamedTuple):
    """Mutated modules below one import root, and the tests that run against them."""

    root: str
    modules: tuple[str, ...]
    tests: tuple[str, ...]


TARGETS: Mapping[str, Target] = {
    "token": Target(
        "functions/token",
        (
            "vendored/oss_signing",
            "vendored/ticket",
            "vendored/fc_http",
            "grants/file_grant",
            "grants/post_policy",
        ),
        ("tests/token",),
    ),
    "token-parts": Target(
        "functions/token",
        (
            "vendored/strict_json",
            "grants/json_body",
            "grants/multipart_grant",
            "grants/part_addresses",
            "grants/bucket_requests",
            "grants/upload_batch",
        ),
        tuple(
            f"tests/token/test_{part}.py"
            for part in (
                *("bucket_requests", "multipart_grant", "multipart_log", "multipart_routes"),
                *("part_addresses", "permit", "upload_batch", "upload_data"),
            )
        ),
    ),
    "callback": Target(
        "functions/callback",
        ("completion/callback_request", "completion/callback_keys", "completion/object_proof"),
        ("tests/callback",),
    ),
    "emulator": Target(
        "emulator",
        ("oss_emulator/callback/delivery", "oss_emulator/objects/conditions"),
        tuple(f"tests/emulator/{part}" for part in ("callback", "objects", "post_object", "bucket")),
    ),
    "deploy": Target(
        ".",
        ("deploy/aliyun/ros_stack", "deploy/aliyun/artifacts", "deploy/destroy", "deploy/rotate_secret"),
        tuple(
            f"tests/deploy/test_{part}.py"
            for part in (
                *("aliyun", "bucket_owners", "cloud_faults", "deploy", "destroy", "domains"),
                *("rotate_secret", "upload_rules"),
            )
        ),
    ),
    "deploy-settings": Target(
        ".",
        (
            "deploy/bucket_settings",
            "deploy/stack_record",
            "deploy/upload_bucket",
            "deploy/aliyun/upload_rules",
        ),
        tuple(f"tests/deploy/test_{part}.py" for part in ("upload_rules", "domains")),
    ),
    "deploy-buckets": Target(
        ".",
        (
            "deploy/stack_buckets",
            "deploy/site_bucket",
            "deploy/aliyun/buckets",
            "deploy/aliyun/site_access",
            "deploy/aliyun/refusals",
        ),
        tuple(
            f"tests/deploy/test_{part}.py"
            for part in ("aliyun", "bucket_owners", "preflight_findings", "refusals", "site_access")
        ),
    ),
    "deploy-domains": Target(
        ".",
        ("deploy/domains", "deploy/aliyun/domains", "deploy/certificates"),
        tuple(f"tests/deploy/test_{part}.py" for part in ("domains", "certificates")),
    ),
    "deploy-checks": Target(
        ".",
        (
            "deploy/preflight/examination",
            "deploy/preflight/instance_quota",
            "deploy/preflight/object_trial",
            "deploy/aliyun/regions",
        ),
        tuple(f"tests/deploy/test_{part}.py" for part in ("preflight_findings", "regions")),
    ),
}


def stage(name: str, target: Target) -> Path:
    """Lay out the repository as mutmut wants it for one target; return the folder."""
    folder = STAGES / name
    shutil.rmtree(folder, ignore_errors=True)
    not_copied = shutil.ignore_patterns(*NOT_COPIED, *SLOW_FILES)
    shutil.copytree(REPOSITORY, folder, ignore=not_copied)
    shutil.copytree(REPOSITORY / target.root, folder / "src", ignore=not_copied)
    beside = sorted(
        path.name for path in folder.iterdir() if path.name not in {"src", "tests", "pyproject.toml"}
    )
    modules = [f"src/{module}.py" for module in target.modules]
    tests = [
        str(path.relative_to(folder)) for pattern in target.tests for path in sorted(folder.glob(pattern))
    ]
    config = CONFIG.format(
        beside=quoted(beside), modules=quoted(modules), tests=quoted(tests), slow=SLOW_TEST
    )
    (folder / "pyproject.toml").write_text(config, encoding="utf-8")
    return folder


def quoted(texts: list[str]) -> str:
    """Return the items of a list in TOML."""
    return ", ".join(f'"{text}"' for text in texts)


def mutmut(folder: Path, *arguments: str) -> str:
    """Run mutmut in a staged folder; return its output."""
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    command = [str(Path(sys.executable).parent / "mutmut"), *arguments]
    finished = subprocess.run(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        output = finished.stdout.splitlines()[
            -20:
        ]  # most of it is one line of progress, written again and again
        sys.exit(
            "\n".join([f"mutmut ended with {finished.returncode} in {folder}:", *output, finished.stderr])
        )
    return finished.stdout


def verdicts(folder: Path) -> Mapping[str, str]:
    """Run every mutant; return the verdict on each."""
    mutmut(folder, "run")
    found = filter(None, map(RESULT.fullmatch, mutmut(folder, "results", "--all", "true").splitlines()))
    return {match["name"]: match["verdict"] for match in found if not COMMAND.fullmatch(match["name"])}


def changed_line(folder: Path, mutant: str) -> str:
    """Return module and changed line of a mutant: its number changes with the code above it."""
    diff = mutmut(folder, "show", mutant).splitlines()
    added, removed = (
        [line[1:].strip() for line in diff if line.startswith(sign) and not line.startswith(sign * 3)]
        for sign in "+-"
    )
    return f"{mutant.rpartition('.')[0]}: {added[0] if added else f'without {removed[0]}'}"


def modules_of(target: Target) -> frozenset[str]:
    """Return the names of the modules, as they are imported."""
    return frozenset(module.replace("/", ".") for module in target.modules)


def read_survivors() -> frozenset[str]:
    """Return the explained mutants; exit where a line has no explanation or its module is not mutated."""
    mutated = frozenset[str]().union(*map(modules_of, TARGETS.values()))
    lines = [line for line in SURVIVORS.read_text(encoding="utf-8").splitlines() if line[:1] not in {"", "#"}]
    mistakes = list(wrong_lines(lines, mutated))
    if mistakes:
        sys.exit("\n".join(mistakes))
    return frozenset(line for line in lines if not line.startswith(" "))


def wrong_lines(lines: list[str], mutated: frozenset[str]) -> Iterator[str]:
    """Yield a sentence for each line of `survivors.txt` that cannot be right."""
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        if line.startswith(" "):
            continue
        module = line.partition(":")[0]
        if module not in mutated:
            yield f"survivors.txt names {module}, which is not mutated: {line}"
        if not following.startswith(" "):
            yield f"survivors.txt gives no reason: {line}"


def run_target(name: str, target: Target) -> tuple[set[str], bool]:
    """Run the mutants of one target; return those that live, and whether enough are killed."""
    folder = stage(name, target)
    found = verdicts(folder)
    living = [mutant for mutant, verdict in found.items() if verdict not in KILLED]
    killed = 1 - len(living) / len(found)
    print(f"{name}: {len(found) - len(living)} of {len(found)} mutants killed, {killed:.1%}", flush=True)
    return {changed_line(folder, mutant) for mutant in living}, killed >= FLOOR


def main(names: list[str]) -> int:
    """Run the named targets, or all; return the exit status."""
    survivors = read_survivors()
    targets = {name: TARGETS[name] for name in names or TARGETS}
    modules = frozenset[str]().union(*map(modules_of, targets.values()))
    explained = {line for line in survivors if line.partition(":")[0] in modules}
    lived: set[str] = set()
    enough = True
    for name, target in targets.items():
        living, passed = run_target(name, target)
        lived |= living
        enough &= passed
    for line in sorted(lived - explained):
        print(f"lives, and survivors.txt does not explain it: {line}")
    for line in sorted(explained - lived):
        print(f"stale, no such mutant lives: {line}")
    return 0 if enough and lived == explained else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
