"""`make bench`: this project beside its peers; writes BENCHMARKS.md, results.json and pictures/."""

from __future__ import annotations

import datetime as dt
import json
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from bench import cold_start, events, growth, page, pictures, report, scripted_bucket, warm, whole_uploads
from bench.harness import HERE, REPOSITORY, cores, unpack

RESULTS, PICTURES = HERE / "results.json", HERE / "pictures"
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


def measure() -> dict[str, Any]:
    """Measure everything."""
    signer = events.new_signer()
    with tempfile.TemporaryDirectory() as name, scripted_bucket.serving() as bucket_url:
        folder = Path(name)
        packages = unpack(folder)
        everybody = cold_start.contestants(packages, folder, signer, bucket_url)
        return {
            "machine": machine(),
            "zip_bytes": packages.zip_bytes,
            "cold_start_milliseconds": cold_start.measure(everybody),
            "warm_microseconds": warm.measure(packages, folder, signer, bucket_url),
            "growth_microseconds": growth.measure(packages, folder),
            **whole_uploads.measure(folder / "loop"),
            **page.measure(folder / "page"),
        }


def draw(results: Any) -> dict[str, str]:
    """Return the pictures by their names."""
    cold = {name: median(samples) for name, samples in results["cold_start_milliseconds"].items()}
    whole = {name: took for name, took in cold.items() if " at " not in name}
    ours = [name for name in whole if name.startswith(("token", "callback"))]
    grown = {
        name: {float(size): took for size, took in series.items()}
        for name, series in results["growth_microseconds"].items()
    }
    return {
        "cold-start": pictures.bars("Cold start: to the first answer, in milliseconds", whole, ours, "ms"),
        "parts": pictures.stacked("One upload, by where its time goes", results["parts_milliseconds"], "ms"),
        "growth": pictures.lines(
            "One call, in microseconds, by the size of its input", grown, "bytes or entries"
        ),
    }


def main() -> None:
    """Measure, and write what was measured."""
    results = measure()
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    for name, picture in draw(results).items():
        (PICTURES / f"{name}.svg").write_text(picture, encoding="utf-8")
    text = report.benchmarks(results)
    (REPOSITORY / "BENCHMARKS.md").write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
