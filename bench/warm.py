"""Warm calls: event bytes to reply dict in a process that has answered before, in microseconds."""

from __future__ import annotations

import json
from pathlib import Path

from bench import events
from bench.harness import CHILDREN, SITE_PACKAGES, Packages, ask_child
from bench.scripted_bucket import ETAG, SIZE_BYTES

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
    """Return the microseconds of our calls, of their floors and of signing alone, by batch."""
    callbacks = [events.callback(signer, number).decode() for number in range(UPLOADS)]
    order = folder / "order.json"
    asked = {
        "file grant": [events.file_grant().decode()],
        "limits": [events.limits().decode()],
        "refused grant": [events.refused_grant().decode()],
    }
    status = {"file grant": 200, "limits": 200, "refused grant": 413}
    order.write_text(json.dumps({"events": asked, "status": status, "without_head": []}))
    found: dict[str, list[float]] = ask_child(
        "warm_calls.py", packages.token, order, env=events.TOKEN, paths=""
    )
    called_back = {"callback": callbacks, "refused callback": [events.refused_callback(signer).decode()]}
    callback_order = {
        "events": called_back,
        "status": {"callback": 200, "refused callback": 403},
        "without_head": ["callback"],
        "head": HEAD,
    }
    order.write_text(json.dumps(callback_order))
    environment = events.callback_environment(signer, bucket_url)
    found |= ask_child("warm_calls.py", packages.callback, order, env=environment, paths="")
    order.write_text(json.dumps({"events": {**asked, **called_back}}))
    both = {**events.TOKEN, **environment}
    floors = ask_child("floor.py", order, env=both, paths=f"{SITE_PACKAGES}:{CHILDREN}")
    found |= {f"{name}, floor": took for name, took in floors.items()}
    found |= ask_child("presigning.py", packages.token, env=events.TOKEN)
    return found
