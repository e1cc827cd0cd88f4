"""Warm calls: event bytes to reply dict in a process that has answered before.

In microseconds of processor time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import events
from bench.harness import CHILDREN, SITE_PACKAGES, Packages
from bench.scripted_bucket import ETAG, SIZE_BYTES
from bench.turns import Worker, in_turns

UPLOADS = 500  # callbacks about this many uploads take turns: a cached answer runs no hook
HEAD = {
    "etag": f'"{ETAG}"',
    "content-length": str(SIZE_BYTES),
    "content-type": "image/png",
    "content-disposition": "inline; filename=\"a.png\"; filename*=UTF-8''a.png",
    "x-oss-storage-class": "Standard",
}


def measure(
    packages: Packages, folder: Path, signer: events.Signer, bucket_url: str
) -> dict[str, list[float]]:
    """Return the microseconds of our calls, of their floors and of signing alone, by round."""
    granted = {
        "file grant": [events.file_grant().decode()],
        "limits": [events.limits().decode()],
        "refused grant": [events.refused_grant().decode()],
    }
    called_back = {
        "callback": [events.callback(signer, number).decode() for number in range(UPLOADS)],
        "refused callback": [events.refused_callback(signer).decode()],
    }
    status = {
        "file grant": 200,
        "limits": 200,
        "refused grant": 413,
        "callback": 200,
        "refused callback": 403,
    }

    def order(name: str, asked: Mapping[str, list[str]], **more: Any) -> Path:
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"events": asked, "status": status, "without_head": [], **more}))
        return path

    inside = order("callbacks", called_back, without_head=["callback"], head=HEAD)
    environment = events.callback_environment(signer, bucket_url)
    both, with_peers = {**events.TOKEN, **environment}, f"{SITE_PACKAGES}:{CHILDREN}"
    return in_turns(
        [
            Worker("warm_calls.py", [packages.token, order("grants", granted)], events.TOKEN, ""),
            Worker("floor.py", [order("floors", {**granted, **called_back})], both, with_peers),
            Worker("warm_calls.py", [packages.callback, inside], environment, ""),
            Worker("presigning.py", [packages.token], events.TOKEN),
        ]
    )
