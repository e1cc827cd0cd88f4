"""The backends of `examples/backend/`, each in Python and in Node.js, against the local stack."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from standardwebhooks.webhooks import Webhook

from local.development_settings import IDENTITY
from tests.support.environment import clean_environment, free_ports
from tests.support.sample_backend import LANGUAGES, SampleBackend, command, sample_folder, settings
from tests.support.stack import Stack, bearer_of, code_of

SECRET = "whsec_" + base64.b64encode(b"a webhook secret of 32 bytes....").decode()
NAME = "图片 'a'(1)*.png"
LIFE_SECONDS = 60


@pytest.fixture(scope="module")
def port() -> int:
    """The port on which each backend listens in turn."""
    return free_ports(1)[0]


@pytest.fixture(scope="module")
def stack(port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    webhook = {"WEBHOOK_URL": f"http://127.0.0.1:{port}/uploads", "WEBHOOK_SECRET": SECRET}
    # at a domain of OSS's own, browsers save pictures instead of showing them
    stack = Stack(tmp_path_factory.mktemp("stack"), SIGN_IN="true", LOCAL_OSS_DOMAIN="custom", **webhook)
    yield stack
    stack.end()


@pytest.fixture(scope="module", params=LANGUAGES)
def backend(
    request: pytest.FixtureRequest, stack: Stack, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SampleBackend]:
    environ = {**settings(stack.upload), "WEBHOOK_SECRET": SECRET}
    backend = SampleBackend(request.param, tmp_path_factory.mktemp(request.param), port, environ)
    yield backend
    backend.end()


def upload(stack: Stack, user: str = "alice", content: bytes = b"hello") -> Any:
    """Upload a file as this user; return the answer that the page gets."""
    grant = stack.grant(NAME, size=len(content), authorization=bearer_of(user))
    answer = stack.send(grant, content)
    assert answer.status_code == 200, answer.text
    return answer.json()


def address(backend: SampleBackend, path: str, user: str = "alice") -> str:
    answer = backend.ask("GET", path, bearer_of(user))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    assert answer.json()["type"] == "image/png"
    return str(answer.json()["url"])


def event(backend: SampleBackend, secret: str = SECRET, **data: object) -> requests.Response:
    """Send an event as the callback function would; `data` replaces its members."""
    upload = {"id": "an-id", "key": "uploads/_/a.txt", "etag": "E", "user": "alice", "name": "a.txt"}
    body = json.dumps({"data": {**upload, "type": "text/plain", "expires_at": 0, **data}})
    now = time.time()
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(int(now), tz=timezone.utc), body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(int(now)), "webhook-signature": signature}
    headers["Content-Type"] = "application/json"
    return requests.post(f"{backend.url}/uploads", data=body, headers=headers, timeout=10)


def test_its_user_sees_the_file_and_the_page_learns_where(stack: Stack, backend: SampleBackend) -> None:
    uploaded = upload(stack)
    assert uploaded["url"] == f"/files/{uploaded['id']}"
    shown = requests.get(address(backend, uploaded["url"]), timeout=10)
    assert (shown.status_code, shown.content, shown.headers["Content-Type"]) == (200, b"hello", "image/png")
    assert shown.headers["Content-Disposition"].startswith("inline;")


def test_a_download_is_saved_under_the_files_own_name(stack: Stack, backend: SampleBackend) -> None:
    saved = requests.get(address(backend, f"{upload(stack)['url']}?download"), timeout=10)
    name = "%E5%9B%BE%E7%89%87%20%27a%27%281%29%2A.png"
    assert saved.headers["Content-Disposition"].upper() == f"attachment; filename*=UTF-8''{name}".upper()


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nobody_else_reaches_the_file(stack: Stack, backend: SampleBackend, method: str) -> None:
    path = upload(stack)["url"]
    assert backend.ask(method, path, bearer_of("bob")).status_code == 404
    assert backend.ask(method, "/files/unknown", bearer_of("alice")).status_code == 404
    for authorization in (
        "",
        "Bearer",
        "Bearer x.y.z",
        bearer_of("alice").replace("Bearer", "Basic"),
        bearer_of("alice", SECONDS="-60"),
        bearer_of("alice", AUTH_AUDIENCE="another"),
        bearer_of("alice", AUTH_ISSUER="another"),
        bearer_of("alice", AUTH_HS256_SECRET="a secret of somebody else, 32 bytes or more"),
        bearer_of("x", CLAIMS='{"sub": ""}'),
        bearer_of("x", CLAIMS='{"sub": null}'),
    ):
        assert backend.ask(method, path, authorization).status_code == 401, authorization
    assert backend.ask("GET", path, bearer_of("alice")).status_code == 200


def test_the_file_of_an_anonymous_upload_is_nobodys(backend: SampleBackend) -> None:
    assert event(backend, id="anonymous", user="").status_code == 200
    assert backend.ask("GET", "/files/anonymous", bearer_of("alice")).status_code == 404


def test_an_address_lives_for_a_minute_and_for_one_file(stack: Stack, backend: SampleBackend) -> None:
    url = address(backend, upload(stack)["url"])
    (seconds,) = parse_qs(urlsplit(url).query)["x-oss-expires"]
    assert LIFE_SECONDS - 1 <= int(seconds) <= LIFE_SECONDS  # the SDK counts from a moment ago
    stack.fault("clock_offset", seconds=LIFE_SECONDS + 5)
    assert requests.get(url, timeout=10).status_code == 403
    other = upload(stack, user="bob")["key"]
    changed = url.replace(urlsplit(url).path, f"/{other}")
    assert code_of(requests.get(changed, timeout=10)) == "SignatureDoesNotMatch"
    assert requests.get(url, timeout=10).status_code == 200


def test_an_event_is_verified_and_joined_once(backend: SampleBackend) -> None:
    other = "whsec_" + base64.b64encode(b"another secret of 32 bytes......").decode()
    assert event(backend, secret=other, id="forged").status_code == 401
    assert backend.ask("GET", "/files/forged", bearer_of("alice")).status_code == 404
    for _ in range(2):
        assert event(backend, id="twice").json() == {"url": "/files/twice"}
    assert event(backend, id="twice", etag="F").status_code == 409


def join(backend: SampleBackend, upload: str, user: str = "alice", record: str = "17") -> int:
    path = f"/records/{record}/files/{upload}"
    return backend.ask("PUT", path, bearer_of(user) if user else "").status_code


def files_of_record(backend: SampleBackend) -> list[str]:
    answer = backend.ask("GET", "/records/17", bearer_of("alice")).json()
    assert answer["title"] == "Expenses"
    assert {one["name"] for one in answer["files"]} <= {NAME}
    return [one["id"] for one in answer["files"]]


def test_an_upload_is_joined_with_a_record_of_its_user(stack: Stack, backend: SampleBackend) -> None:
    mine, loose, bobs = upload(stack)["id"], upload(stack)["id"], upload(stack, user="bob")["id"]
    for _ in range(2):
        assert join(backend, mine) == 204
    assert join(backend, mine, record="18") == 409
    assert join(backend, mine, record="19") == 404
    assert join(backend, mine, user="") == 401
    for user in ("alice", "bob"):
        assert join(backend, bobs, user) == 404
    assert mine in files_of_record(backend)
    assert not {loose, bobs} & {*files_of_record(backend)}
    assert backend.ask("GET", "/records/17", bearer_of("bob")).status_code == 404
    assert backend.ask("GET", "/records/17").status_code == 401


def test_a_deleted_file_is_hidden_at_once_and_gone_when_its_grant_has_ended(
    stack: Stack, backend: SampleBackend
) -> None:
    uploaded = upload(stack)
    assert join(backend, uploaded["id"]) == 204
    assert backend.ask("DELETE", uploaded["url"], bearer_of("alice")).status_code == 204
    assert uploaded["id"] not in files_of_record(backend)
    for method in ("GET", "DELETE"):
        assert backend.ask(method, uploaded["url"], bearer_of("alice")).status_code == 404
    backend.sweep(time.time())
    assert stack.stored(uploaded["key"]).status_code == 200
    backend.sweep(time.time() + 2 * 3600)
    assert stack.stored(uploaded["key"]).status_code == 404


def test_a_file_with_a_record_leaves_the_folder_of_uploads(stack: Stack, backend: SampleBackend) -> None:
    kept, loose, lost = upload(stack), upload(stack), upload(stack)
    for one in (lost, kept):
        assert join(backend, one["id"]) == 204
    stack.delete(lost["key"])  # a file whose copy fails must not keep the others

    for _ in range(2):
        backend.sweep(time.time() + 2 * 3600)

    new_key = f"files/{kept['key'].rpartition('/')[2]}"
    assert [stack.stored(key).status_code for key in (kept["key"], new_key, loose["key"])] == [404, 200, 200]
    moved = requests.get(address(backend, kept["url"]), timeout=10)
    assert (moved.content, moved.headers["Content-Type"]) == (b"hello", "image/png")
    assert moved.headers["Content-Disposition"].startswith("inline;")
    assert urlsplit(moved.url).path.endswith(f"/{new_key}")

    assert backend.ask("DELETE", kept["url"], bearer_of("alice")).status_code == 204
    backend.sweep(time.time() + 2 * 3600)
    assert stack.stored(new_key).status_code == 404


NO_EVENT_ANY_MORE = 26 * 3600


def unheard(stack: Stack, user: str = "alice") -> Any:
    """Upload a file whose page is closed before the callback has succeeded; return its grant."""
    grant = stack.grant(NAME, authorization=bearer_of(user))
    stack.fault("callback_down")
    assert stack.send(grant, b"hello").status_code == 203
    return grant


def test_an_upload_whose_event_never_came_gets_a_row_when_none_can_come(
    stack: Stack, backend: SampleBackend
) -> None:
    grant, other = unheard(stack), unheard(stack, "bob")
    backend.reconcile(time.time() + NO_EVENT_ANY_MORE - 2 * 3600)
    assert backend.ask("GET", f"/files/{grant['id']}", bearer_of("alice")).status_code == 404
    for _ in range(2):
        backend.reconcile(time.time() + NO_EVENT_ANY_MORE)
    assert requests.get(address(backend, f"/files/{grant['id']}"), timeout=10).content == b"hello"
    assert join(backend, grant["id"]) == 204
    assert grant["id"] in files_of_record(backend)
    assert backend.ask("GET", f"/files/{other['id']}", bearer_of("alice")).status_code == 404
    assert backend.ask("GET", f"/files/{other['id']}", bearer_of("bob")).status_code == 200


def test_reconciling_keeps_what_the_event_and_the_user_said(stack: Stack, backend: SampleBackend) -> None:
    joined, deleted = upload(stack), upload(stack)
    assert join(backend, joined["id"]) == 204
    assert backend.ask("DELETE", deleted["url"], bearer_of("alice")).status_code == 204
    backend.reconcile(time.time() + NO_EVENT_ANY_MORE)
    assert joined["id"] in files_of_record(backend)
    assert backend.ask("GET", deleted["url"], bearer_of("alice")).status_code == 404


def test_a_row_without_an_object_is_reported(stack: Stack, backend: SampleBackend) -> None:
    gone = upload(stack)
    stack.delete(gone["key"])
    assert f"{gone['id']} has a row and no object" in backend.reconcile(time.time())


def test_a_copy_that_an_interrupted_move_left_is_deleted(stack: Stack, backend: SampleBackend) -> None:
    moved = upload(stack)
    assert join(backend, moved["id"]) == 204
    backend.sweep(time.time() + 2 * 3600)
    stack.put(moved["key"], b"hello")
    backend.reconcile(time.time())
    assert stack.stored(moved["key"]).status_code == 200
    backend.reconcile(time.time() + NO_EVENT_ANY_MORE)
    assert stack.stored(moved["key"]).status_code == 404
    assert requests.get(address(backend, moved["url"]), timeout=10).content == b"hello"


def test_every_page_of_the_list_is_read(stack: Stack, backend: SampleBackend) -> None:
    """OSS lists 100 objects at once, unless it is asked for another number."""
    ids = [f"00{number:024}" for number in range(101)]
    for one in ids:
        stack.put(f"uploads/carol/2026/11/29/{one}.txt", b"hello")
    said = backend.reconcile(time.time() + NO_EVENT_ANY_MORE)
    assert said.count("made a row for uploads/carol/") == len(ids)
    for one in ids:
        stack.delete(f"uploads/carol/2026/11/29/{one}.txt")


@pytest.mark.parametrize("language", LANGUAGES)
def test_region_and_limits_are_settings_and_nothing_else(language: str, tmp_path: Path) -> None:
    (other_port,) = free_ports(1)
    webhook = {"WEBHOOK_URL": f"http://127.0.0.1:{other_port}/uploads", "WEBHOOK_SECRET": SECRET}
    changed = {"OSS_REGION": "ap-southeast-1", "MAX_BYTES": "10737418240", "ALLOWED_TYPES": "image/*,video/*"}
    stack = Stack(tmp_path / "stack", SIGN_IN="true", **webhook, **changed)
    try:
        limits = stack.http.get(
            f"{stack.token}/limits", headers={"Authorization": bearer_of("alice")}, timeout=10
        ).json()
        assert (limits["max_bytes"], limits["types"]) == (10737418240, ["image/*", "video/*"])
        environ = {**settings(stack.upload), "WEBHOOK_SECRET": SECRET, "OSS_REGION": "ap-southeast-1"}
        (tmp_path / "sample").mkdir()
        backend = SampleBackend(language, tmp_path / "sample", other_port, environ)
        try:
            shown = requests.get(address(backend, upload(stack)["url"]), timeout=10)
        finally:
            backend.end()
    finally:
        stack.end()
    assert (shown.status_code, shown.content) == (200, b"hello")


@pytest.fixture(scope="module")
def provider() -> Iterator[tuple[str, rsa.RSAPrivateKey]]:
    """An identity provider: the address of its key set, and its private key."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    key_set = json.dumps({"keys": [{**public, "kid": "1", "use": "sig", "alg": "RS256"}]}).encode()

    class KeySet(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(key_set)))
            self.end_headers()
            self.wfile.write(key_set)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), KeySet) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", private
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_may_be_signed_by_a_key_of_a_key_set(
    language: str, provider: tuple[str, rsa.RSAPrivateKey], tmp_path: Path
) -> None:
    (other_port,) = free_ports(1)
    key_set, private = provider
    environ = {**settings("http://127.0.0.1:1"), "WEBHOOK_SECRET": SECRET, "AUTH_JWKS": key_set}
    del environ["AUTH_HS256_SECRET"]
    claims = {
        "iss": IDENTITY["AUTH_ISSUER"],
        "aud": IDENTITY["AUTH_AUDIENCE"],
        "sub": "alice",
        "exp": int(time.time()) + 60,
    }
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    tokens = [
        jwt.encode(claims, private, "RS256", {"kid": "1"}),
        jwt.encode(claims, stranger, "RS256", {"kid": "1"}),
        jwt.encode(claims, IDENTITY["AUTH_HS256_SECRET"], "HS256", {"kid": "1"}),
        jwt.encode(claims, "", "none", {"kid": "1"}),
    ]
    backend = SampleBackend(language, tmp_path, other_port, environ)
    try:
        found = [backend.ask("GET", "/files/x", f"Bearer {token}").status_code for token in tokens]
    finally:
        backend.end()
    assert found == [404, 401, 401, 401]


# the example of Alibaba Cloud's page on URL signing, type A
EXAMPLE = ("cdn.example.com", "video/standard/1K.html", "aliyuncdnexp1234", 1444435200.5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_of_the_cdn_is_signed_as_its_documents_show(language: str, tmp_path: Path) -> None:
    run = {
        "python": "import cdn, json; print(cdn.address(*json.loads(input())))",
        "node": """import { readFileSync } from 'node:fs'; import { address } from './cdn.mjs';
            console.log(address(...JSON.parse(readFileSync(0, 'utf8'))));""",
    }
    said = subprocess.run(
        command(language, run[language]),
        cwd=sample_folder(language, tmp_path),
        env=clean_environment(),
        input=json.dumps(EXAMPLE),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    stamp = "1444435200-0-0-80cd3862d699b7118eed99103f2a3a4f"
    assert said == f"https://cdn.example.com/video/standard/1K.html?auth_key={stamp}\n"
