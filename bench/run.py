"""`make bench`: this project beside its peers; writes results.json and the pages about it."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from bench import (
    cold_start,
    events,
    growth,
    large_files,
    page,
    page_speed,
    peer_speed,
    report,
    scale_report,
    scripted_bucket,
    warm,
    whole_uploads,
)
from bench.harness import HERE, REPOSITORY, Packages, cores, unpack
from bench.texts import en

WITH_COSTS = ("docs/operate.md", "docs/operate.zh.md")
COST = re.compile(r"\d+\.\d\d( CNY| 元)")
RESULTS = HERE / "results.json"
PEER_PACKAGES = ("flask", "functions-framework", "alibabacloud-oss-v2", "oss2", "cryptography", "boto3")


def processor() -> str:
    """Return the name of the processor."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def machine() -> dict[str, str]:
    """Return the machine and the versions with which the numbers were measured."""
    versions = {name: version(name) for name in PEER_PACKAGES}
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "processor": f"{processor()}, {cores()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **versions,
    }


class Bench(NamedTuple):
    """What the parts share: unpacked packages, a folder for their files, a signer and a bucket."""

    packages: Packages
    folder: Path
    signer: events.Signer
    bucket_url: str

    def starting(self) -> dict[str, cold_start.Contestant]:
        """Return who is started cold."""
        return cold_start.contestants(self.packages, self.folder, self.signer, self.bucket_url)


# each returns members of results.json; a ratio's name begins with the names that its part is listed with
PARTS: Mapping[str, Callable[[Bench], Mapping[str, Any]]] = {
    "cold": lambda it: {"cold_start_milliseconds": cold_start.measure(it.starting())},
    "shares": lambda it: {"under_shares_milliseconds": cold_start.under_shares(it.starting())},
    "warm": lambda it: {"warm_microseconds": warm.measure(*it)},
    "growth": lambda it: {"growth_microseconds": growth.measure(it.packages, it.folder)},
    "loop": lambda it: whole_uploads.measure(it.folder / "loop"),
    "large": lambda it: large_files.measure(it.folder),
    "page": lambda it: page.measure(it.folder / "page"),
    "speed": lambda it: page_speed.measure(it.folder),
    "peers": lambda it: {"peer_milliseconds_per_file": peer_speed.measure(it.folder)},
}
RATIOS_OF = {
    "cold start": "cold",
    "warm": "warm",
    "signing": "warm",
    "large files": "large",
    "page": "page",
    "page speed": "speed",
    "memory": "loop",
}


def parts_of(names: Iterable[str]) -> list[str]:
    """Return the parts that measure these ratios."""
    wanted = {RATIOS_OF[name.partition(":")[0]] for name in names}
    return [part for part in PARTS if part in wanted]


def measure(parts: Sequence[str] = (), change: Callable[[Packages], None] = lambda _: None) -> dict[str, Any]:
    """Measure these parts, or everything; `change` may first change the unpacked functions."""
    signer = events.new_signer()
    with tempfile.TemporaryDirectory() as name, scripted_bucket.serving() as bucket_url:
        packages = unpack(Path(name))
        change(packages)
        found: dict[str, Any] = {"machine": machine(), "zip_bytes": packages.zip_bytes}
        for part in parts or PARTS:
            sys.stderr.write(f"measuring: {part}\n")
            folder = Path(name) / f"for-{part}"
            folder.mkdir()
            found |= PARTS[part](Bench(packages, folder, signer, bucket_url))
    return found


def main(parts: Sequence[str]) -> None:
    """Measure, and write the results; of some parts only, the others stay what they were."""
    found = measure(parts)
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    if parts:
        found = {**kept, **found, "machine": kept["machine"]}
    elif "trial" in kept:
        found["trial"] = kept["trial"]
    record(found)
    sys.stdout.write(report.benchmarks(found, en))


def record(found: Mapping[str, Any]) -> None:
    """Write the results, and the documents that show them."""
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, texts in report.PAGES.items():
        (REPOSITORY / name).write_text(report.benchmarks(found, texts), encoding="utf-8")
    for name in scale_report.PAGES:
        (REPOSITORY / name).write_text(scale_report.page(found, name), encoding="utf-8")
    for name in WITH_COSTS:
        path = REPOSITORY / name
        path.write_text(
            with_costs(path.read_text(encoding="utf-8"), report.costs_of(found)), encoding="utf-8"
        )


def with_costs(text: str, costs: Sequence[float]) -> str:
    """Return a text with these costs in the place of those that it has."""
    left = iter(costs)
    return COST.sub(lambda found: f"{next(left):.2f}{found[1]}", text)


if __name__ == "__main__":
    main(sys.argv[1:])
