"""Tests that need a process of its own: streaming, memory, resets, concurrency."""

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tests.support.emulator.process import (
    ORIGIN,
    REPOSITORY,
    CallbackServer,
    EmulatorProcess,
    answer_json,
    read_headers,
)
from tests.support.emulator.scene import BOUNDARY, encoded, multipart, signed
from tests.support.environment import clean_environment

MEBIBYTE = 1024 * 1024
TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def upload(emulator: EmulatorProcess, fields: dict[str, str], content: bytes = b"hello") -> requests.Response:
    """Post a form as a page does, with a condition for each field."""
    form = signed(fields, now=time.time(), expires=time.time() + 300)
    files = {"file": ("a.txt", content, "text/plain")}
    return requests.post(emulator.url, form, files=files, headers={"Origin": ORIGIN}, timeout=60)


def head(emulator: EmulatorProcess, key: str, method: str = "HEAD") -> requests.Response:
    headers = read_headers(method, key)
    return requests.request(method, f"{emulator.url}/{quote(key)}", headers=headers, timeout=60)


def callback_field(server: CallbackServer) -> str:
    body = "object=${object}&size=${size}&etag=${etag}"
    return encoded({"callbackUrl": f"{server.url}/callback", "callbackBody": body})


def test_an_upload_goes_through_callback_and_head(
    emulator: EmulatorProcess, callback_server: CallbackServer
) -> None:
    answer = upload(emulator, {"key": "up/图 1.txt", "callback": callback_field(callback_server)})

    assert (answer.status_code, answer.json()) == (200, {"Status": "OK"})
    assert answer.headers["Server"] == "AliyunOSS"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    target, headers, body = callback_server.received[0]
    assert body == b"object=up%2F%E5%9B%BE%201.txt&size=5&etag=5D41402ABC4B2A76B9719D911017C592"
    address = base64.b64decode(headers["x-oss-pub-key-url"]).decode()
    assert address == f"{emulator.url}/-/callback_pub_key.pem"
    key = load_pem_public_key(requests.get(address, timeout=5).content)
    assert isinstance(key, RSAPublicKey)
    message = target.encode() + b"\n" + body
    key.verify(base64.b64decode(headers["Authorization"]), message, padding.PKCS1v15(), hashes.MD5())
    assert head(emulator, "up/图 1.txt").headers["ETag"] == '"5D41402ABC4B2A76B9719D911017C592"'
    assert head(emulator, "up/图 1.txt", "GET").content == b"hello"


def test_64_uploads_at_once_whose_callbacks_ask_for_the_object_all_end(
    emulator: EmulatorProcess, callback_server: CallbackServer
) -> None:
    all_inside = threading.Barrier(64)

    def ask_back(handler: Any, body: bytes) -> None:
        all_inside.wait(30)  # now every upload holds a thread of the emulator
        key = body.decode().split("&")[0].removeprefix("object=")
        answer_json(handler, json.dumps({"size": head(emulator, key).headers["Content-Length"]}).encode())

    callback_server.answering = ask_back
    field = callback_field(callback_server)
    with ThreadPoolExecutor(64) as pool:
        answers = list(
            pool.map(lambda n: upload(emulator, {"key": f"at-once-{n}", "callback": field}), range(64))
        )

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, '{"size": "5"}')] * 64


def big_upload(
    emulator: EmulatorProcess, fields: dict[str, str], mebibytes: int, *, chunked: bool
) -> http.client.HTTPResponse:
    """Send a large file in pieces; return the answer, whose body has been read."""
    before, after = multipart(fields)[: -len(BOUNDARY) - 6], f"\r\n--{BOUNDARY}--\r\n".encode()
    before += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="big"\r\n\r\n'.encode()
    block = os.urandom(MEBIBYTE)

    def pieces() -> Iterator[bytes]:
        yield before
        for _ in range(mebibytes):
            yield block
        yield after

    connection = http.client.HTTPConnection("127.0.0.1", emulator.port, timeout=120)
    headers = {"Content-Type": TYPE}
    if not chunked:
        headers["Content-Length"] = str(len(before) + mebibytes * MEBIBYTE + len(after))
    connection.request("POST", "/", pieces(), headers, encode_chunked=chunked)
    response = connection.getresponse()
    response.read()
    connection.request("GET", "/-/switches")  # the same connection serves the next request
    assert connection.getresponse().read()
    connection.close()
    return response


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(
    ("kind", "status"), [("accepted", 204), ("refused", 403), ("too large", 400), ("chunked", 204)]
)
def test_memory_does_not_grow_with_the_file(emulator: EmulatorProcess, kind: str, status: int) -> None:
    conditions = [["content-length-range", 0, 10]] if kind == "too large" else []
    form = signed({"key": "big"}, conditions=conditions, now=time.time(), expires=time.time() + 300)
    if kind == "refused":
        form["x-oss-signature"] = "0" * 64
    before = emulator.peak_kilobytes()

    assert big_upload(emulator, form, 100, chunked=kind == "chunked").status == status

    # The file has 100 MiB: 30 are far more than the pieces in flight, and far less than the file.
    assert emulator.peak_kilobytes() - before < 30 * 1024


def test_the_reset_fault_resets_the_connection(emulator: EmulatorProcess) -> None:
    emulator.fault("reset", after_bytes=1000)

    with pytest.raises(requests.ConnectionError, match=r"reset by peer|Broken pipe"):
        upload(emulator, {"key": "reset"}, b"x" * 5000)

    assert head(emulator, "reset").status_code == 404
    assert upload(emulator, {"key": "reset"}).status_code == 204


def test_a_form_shorter_than_after_bytes_is_reset_at_its_end(emulator: EmulatorProcess) -> None:
    emulator.fault("reset", after_bytes=1_000_000)

    with pytest.raises(requests.ConnectionError):
        upload(emulator, {"key": "reset-short"})

    assert head(emulator, "reset-short").status_code == 404


def test_a_lost_answer_leaves_object_and_callback(
    emulator: EmulatorProcess, callback_server: CallbackServer
) -> None:
    emulator.fault("answer_lost")

    with pytest.raises(requests.ConnectionError):
        upload(emulator, {"key": "lost", "callback": callback_field(callback_server)})

    assert len(callback_server.received) == 1
    assert head(emulator, "lost").status_code == 200


@pytest.mark.parametrize(
    "key", ["a//b%2Fc?d#e", "dir/", "a b+c", "%", "图/é🙂", "a\nb", "robots.txt", "favicon.ico"]
)
def test_keys_are_stored_as_they_were_sent(emulator: EmulatorProcess, key: str) -> None:
    assert upload(emulator, {"key": key}).status_code == 204

    assert head(emulator, key).status_code == 200


@pytest.mark.parametrize("chunk", [b"ZZ\r\nabc", b"20\r\nabc"])
def test_a_broken_chunk_ends_the_form(emulator: EmulatorProcess, chunk: bytes) -> None:
    body = multipart(signed({"key": "broken"}, now=time.time(), expires=time.time() + 300))[:-10]
    head_lines = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n"

    (answer,) = emulator.answers(head_lines.encode() + b"%x\r\n%s\r\n" % (len(body), body) + chunk)

    assert answer.refusal == (400, "MalformedPOSTRequest", "0006-00000104")


def test_a_stored_header_comes_back_as_the_utf_8_that_was_sent(emulator: EmulatorProcess) -> None:
    assert upload(emulator, {"key": "meta", "x-oss-meta-who": "é 图"}).status_code == 204

    assert head(emulator, "meta").headers["x-oss-meta-who"].encode("latin-1").decode() == "é 图"


def test_a_text_head_that_accepts_gzip_has_no_length(emulator: EmulatorProcess) -> None:
    policy_fields = {"key": "text", "x-oss-object-acl": "public-read"}
    upload(emulator, policy_fields, b"x" * 5000)

    answer = requests.head(f"{emulator.url}/text", timeout=5)  # requests accepts gzip by default

    assert (answer.status_code, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert not {"ETag", "Content-Length"} & set(answer.headers)
    assert requests.get(f"{emulator.url}/text", timeout=5).content == b"x" * 5000


def test_a_kill_in_mid_upload_leaves_no_object_and_no_rest(tmp_path: Path) -> None:
    form = signed({"key": "half"}, now=time.time(), expires=time.time() + 300)
    body = multipart(form)[: -len(BOUNDARY) - 6]
    body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="h"\r\n\r\n'.encode()
    with EmulatorProcess(tmp_path) as killed:
        upload(killed, {"key": "whole"})
        with socket.create_connection(("127.0.0.1", killed.port)) as raw:
            head_lines = (
                f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {TYPE}\r\nContent-Length: 99999999\r\n\r\n"
            )
            raw.sendall(head_lines.encode() + body + b"x" * MEBIBYTE)
            while len(list((tmp_path / "objects").iterdir())) < 2:
                threading.Event().wait(0.01)
            killed.kill()

    with EmulatorProcess(tmp_path) as restarted:
        assert len(list((tmp_path / "objects").iterdir())) == 1
        assert head(restarted, "half").status_code == 404
        assert head(restarted, "whole").status_code == 200


def test_names_the_wrong_settings_in_one_sentence() -> None:
    environment = {**clean_environment(), "PYTHONPATH": str(REPOSITORY / "emulator")}
    environment |= {"LOCAL_OSS_ACL": "open", "LOCAL_OSS_CALLBACK_SECONDS": "never"}

    ended = subprocess.run(
        [sys.executable, "-m", "oss_emulator"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr == (
        "The OSS emulator cannot start: LOCAL_OSS_CALLBACK_SECONDS is a positive number of seconds; "
        "LOCAL_OSS_ACL is one of private, public-read, public-read-write.\n"
    )


def test_serves_a_site(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>hello")
    with EmulatorProcess(
        tmp_path, LOCAL_OSS_WEBSITE=str(tmp_path), LOCAL_OSS_CREDENTIALS="", LOCAL_OSS_FOLDER=""
    ) as site:
        answer = requests.get(site.url, timeout=5)

        assert (answer.text, answer.headers["Content-Type"]) == ("<p>hello", "text/html; charset=utf-8")
        assert requests.post(site.url, timeout=5).status_code == 405
