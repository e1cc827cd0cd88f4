"""`make bench`: this project beside its peers; writes bench/results.json and BENCHMARKS.md."""

from __future__ import annotations

import datetime as dt
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import cold_start
import events
import report
import scripted_bucket
import warm
from contest import HERE, REPOSITORY, cores, unpack

PEERS = ("flask", "functions-framework", "alibabacloud-oss-v2", "oss2", "cryptography", "boto3")


def processor() -> str:
    """Return what the processor calls itself."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def machine() -> dict[str, str]:
    """Return where and with what the numbers were measured."""
    versions = {name: version(name) for name in PEERS}
    return {
        "date": dt.datetime.now(dt.timezone.utc).date().isoformat(),
        "processor": f"{processor()}, {cores()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        **versions,
    }


def main() -> None:
    """Measure, and write what was measured."""
    signer = events.new_signer()
    with tempfile.TemporaryDirectory() as name, scripted_bucket.serving() as bucket_url:
        folder = Path(name)
        packages = unpack(folder)
        everybody = cold_start.contestants(packages, folder, signer, bucket_url)
        results = {
            "machine": machine(),
            "zip_bytes": packages.zip_bytes,
            "cold_start_milliseconds": cold_start.measure(everybody),
            "warm_microseconds": warm.measure(packages, folder, signer, bucket_url),
        }
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = report.benchmarks(results)
    (REPOSITORY / "BENCHMARKS.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
