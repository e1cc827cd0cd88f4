"""`make bench`: this project beside its peers; writes results.json and the pages about it."""

from __future__ import annotations

import datetime as dt
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import cold_start, events, growth, page, report, scripted_bucket, warm, whole_uploads
from bench.harness import HERE, REPOSITORY, cores, unpack
from bench.texts import en

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


def measure() -> dict[str, Any]:
    """Measure everything."""
    signer = events.new_signer()
    with tempfile.TemporaryDirectory() as name, scripted_bucket.serving() as bucket_url:
        folder = Path(name)
        packages = unpack(folder)
        contestants = cold_start.contestants(packages, folder, signer, bucket_url)
        return {
            "machine": machine(),
            "zip_bytes": packages.zip_bytes,
            "cold_start_milliseconds": cold_start.measure(contestants),
            "warm_microseconds": warm.measure(packages, folder, signer, bucket_url),
            "growth_microseconds": growth.measure(packages, folder),
            **whole_uploads.measure(folder / "loop"),
            **page.measure(folder / "page"),
        }


def main() -> None:
    """Measure, and write the results."""
    results = measure()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, texts in report.PAGES.items():
        (REPOSITORY / name).write_text(report.benchmarks(results, texts), encoding="utf-8")
    sys.stdout.write(report.benchmarks(results, en))


if __name__ == "__main__":
    main()
