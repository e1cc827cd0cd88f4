"""npm ali-oss: its programs in Node, and the page that has them for a browser."""

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import oss2

from tests.support.emulator.client_programs.target import KEY, REGION, TEMPORARY, Target

HERE = Path(__file__).parent
PACKAGE = Path(__file__).parents[3] / "node_modules" / "ali-oss"
FILES = {
    "/": (HERE / "ali_oss_page.html", "text/html"),
    "/ali_oss_programs.mjs": (HERE / "ali_oss_programs.mjs", "text/javascript"),
    "/aliyun-oss-sdk.min.js": (PACKAGE / "dist" / "aliyun-oss-sdk.min.js", "text/javascript"),
}


def in_node(target: Target) -> dict[str, Any]:
    """Return a target as the programs read it."""
    key = {"accessKeyId": KEY.access_key_id, "accessKeySecret": KEY.access_key_secret}
    names = TEMPORARY.access_key_id, TEMPORARY.access_key_secret, TEMPORARY.security_token
    return {
        "url": target.url,
        "urlWithoutV1": target.url_without_v1,
        "bucket": target.bucket,
        "other": target.other_bucket,
        "callbackUrl": target.callback_url,
        "folder": str(target.folder),
        "origin": "https://a.example.com",
        "key": key,
        "temporary": dict(zip(("accessKeyId", "accessKeySecret", "stsToken"), names, strict=True)),
    }


def in_browser(target: Target, origin: str) -> dict[str, Any]:
    """Return a target for a page of this origin, whose buckets the page may use.

    The endpoint is a name: in a browser, ali-oss does not say which bucket it means to an IP address.
    """
    allow(target, origin)
    urls = {
        name: url.replace("127.0.0.1", "localhost")
        for name, url in (("url", target.url), ("urlWithoutV1", target.url_without_v1))
    }
    return {**in_node(target), **urls, "origin": origin}


def allow(target: Target, origin: str) -> None:
    """Set the CORS rule that ali-oss's documentation asks for."""
    exposed = ["ETag", "x-oss-request-id", "x-oss-version-id", "x-oss-next-append-position"]
    rule = oss2.models.CorsRule([origin], ["GET", "HEAD", "PUT", "POST", "DELETE"], ["*"], exposed)
    auth = oss2.AuthV4(KEY.access_key_id, KEY.access_key_secret)
    for url in (target.url, target.url_without_v1):
        for name in (target.bucket, target.other_bucket):
            oss2.Bucket(auth, url, name, region=REGION).put_bucket_cors(oss2.models.BucketCors([rule]))


def outcomes_in_node(targets: Mapping[str, Target]) -> dict[str, str]:
    """Run all programs in one process of Node; return what each came to."""
    script = ["node", str(HERE / "ali_oss_in_node.mjs")]
    sent = json.dumps({operation: in_node(target) for operation, target in targets.items()})
    run = subprocess.run(script, input=sent, capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, str] = json.loads(run.stdout)
    return found


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, content_type = FILES[self.path]
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page_served() -> Iterator[str]:
    """Serve the page at an address of this machine, which is its origin."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
