"""The token function before a bucket of the stand-in that is served on loopback, and a file sent in parts.

Function and bucket share one clock, which tests move. Parts are sent to the bucket as a browser sends them.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from grants.application import build
from oss_emulator.auth.credentials import Credential
from oss_emulator.routing import respond
from oss_emulator.web.server import WebServer
from tests.support.emulator.scene import BUCKET, REGION, TEMPORARY, Scene, Seen, json_reply
from tests.support.fc_events import Answer, ask, fc_event
from vendored.fc_http import Clock

SECRET = "a-ticket-secret-of-more-than-32-bytes"
PART = 8 * 1024**2
ONE_PART = b"hello"
TWO_PARTS = b"a" * PART + b"hello"
CONFIRMED = b'{"Status":"OK","id":"01abc"}'
ENVIRON = {
    "UPLOAD_BUCKET": BUCKET,
    "OSS_REGION": REGION,
    "UPLOAD_HOST": "https://upload.example.com",
    "CALLBACK_URL": "https://callback.example.com",
    "TICKET_SECRET": SECRET,
    "ALLOWED_ORIGINS": "https://www.example.com",
    "ALLOW_ANONYMOUS": "true",
    "MAX_BYTES": str(100 * 1024**3),
    "MULTIPART_BYTES": "1",
}


def role(key: Credential) -> dict[str, str]:
    """Return the variables that Function Compute sets for a role, or for a static AccessKey."""
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token,
    }


class Deployment:
    """One bucket, one token function with `environ`, and what a page does with both."""

    def __init__(self, scene: Scene, origin: str, **environ: str) -> None:
        self.scene = scene
        self._origin = origin
        self._numbers = itertools.count()
        self.start(**environ)

    def start(self, **environ: str) -> None:
        """Start the function anew, with other settings."""
        variables = {**ENVIRON, "OBJECT_URL": self._origin, **role(TEMPORARY), **environ}
        clock = Clock(lambda: self.scene.now, lambda: 0.0)
        self.handler = build(variables, clock, lambda size: next(self._numbers).to_bytes(size, "big"))

    def ask(self, path: str, document: object, **headers: str) -> Answer:
        event = fc_event(path, method="POST", headers=headers, body=json.dumps(document))
        return ask(self.handler, event)

    def uploads(self, *files: Mapping[str, object]) -> Any:
        answer = self.ask("/uploads", {"files": files})
        assert answer.status == 200, answer.content
        return answer.content["uploads"]

    def begin(self, content: bytes = ONE_PART, name: str = "a.png", kind: str = "image/png") -> Any:
        """Return the grant of a file in parts."""
        file = {"name": name, "size": len(content), "type": kind, "multipart": True}
        (grant,) = self.uploads(file)
        assert grant["kind"] == "multipart", grant
        return grant

    def address(self, grant: Any, number: int = 1) -> str:
        """Return path and query of the address of a part."""
        answer = self.ask("/parts", {"ticket": grant["ticket"], "numbers": [number]})
        assert answer.status == 200, answer.content
        url = urlsplit(answer.content["parts"][0]["url"])
        return f"{url.path}?{url.query}"

    def put(self, target: str, content: bytes, method: str = "PUT", **headers: str) -> Seen:
        """Send a part; the browser sets its length."""
        return self.scene.request(method, target, {"content-length": str(len(content)), **headers}, content)

    def send(self, grant: Any, content: bytes = ONE_PART) -> None:
        """Send all parts of a file."""
        for number in range(1, grant["parts"] + 1):
            start = (number - 1) * grant["part_size"]
            seen = self.put(self.address(grant, number), content[start : start + grant["part_size"]])
            assert seen.status == 200, seen.body

    def complete(self, grant: Any, *replies: bytes) -> Answer:
        """Complete an upload; the callback function answers `replies`."""
        self.scene.replies[:] = [json_reply(reply) for reply in replies or (CONFIRMED,)]
        return self.ask("/complete", {"ticket": grant["ticket"]})

    def abort(self, grant: Any) -> Answer:
        return self.ask("/abort", {"ticket": grant["ticket"]})


@contextmanager
def deployment(folder: Path, **environ: str) -> Iterator[Deployment]:
    """Serve a bucket until the block ends."""
    scene = Scene(folder)
    server = WebServer(lambda request: respond(request, scene.bucket), "127.0.0.1", 0)
    thread = Thread(target=server.serve)
    thread.start()
    try:
        yield Deployment(scene, f"http://127.0.0.1:{server.port}", **environ)
    finally:
        server.close()
        thread.join()
        scene.bucket.buckets.close()
