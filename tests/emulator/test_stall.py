"""A stall holds a connection of the emulator until it ends or the client has gone."""

import select
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import oss2
import pytest
import requests

from tests.support.emulator.process import BUCKET, REGION, EmulatorProcess
from tests.support.emulator.scene import BOUNDARY, file_part, multipart, signed

TYPE = f"multipart/form-data; boundary={BOUNDARY}"
HEAD = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\nContent-Length: 100000\r\n\r\n".encode()


def test_an_upload_goes_on_after_a_stall(emulator: EmulatorProcess) -> None:
    now = time.time()
    body = multipart(signed({"key": "stalled"}, now=now, expires=now + 300), file_part(b"hello"))
    emulator.fault("stall", after_bytes=10, seconds=0.01)

    answer = requests.post(emulator.url, body, headers={"Content-Type": TYPE}, timeout=30)

    assert answer.status_code == 204, answer.text


only_linux = pytest.mark.skipif(
    not hasattr(select, "POLLRDHUP"), reason="only Linux tells that the client has gone"
)


@only_linux
def test_a_stall_ends_when_the_client_goes_away(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path, "--max-connections=1") as emulator:
        emulator.fault("stall", after_bytes=10, seconds=600)
        with socket.create_connection(("127.0.0.1", emulator.port)) as client:
            client.sendall(HEAD + b"x" * 1000)

        # The only connection is answered this only if it no longer waits.
        assert requests.get(f"{emulator.url}/-/faults", timeout=60).json() == []


@only_linux
def test_a_complete_goes_on_after_the_client_has_gone(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path, "--max-connections=1") as emulator:
        auth = oss2.AuthV4("AKEXAMPLE", "SKEXAMPLE")
        client = oss2.Bucket(auth, emulator.url, BUCKET, region=REGION)
        upload_id = client.init_multipart_upload("a").upload_id
        part = oss2.models.PartInfo(1, client.upload_part("a", upload_id, 1, b"hello").etag)
        address = urlsplit(client.sign_url("POST", "a", 60, params={"uploadId": upload_id}))
        body = oss2.xml_utils.to_complete_upload_request([part])
        emulator.fault("slow_complete", seconds=600)
        head = (
            f"POST {address.path}?{address.query} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", emulator.port)) as gone:
            gone.sendall(head.encode() + body)

        # The only connection is answered this only after the Complete.
        assert requests.get(f"{emulator.url}/-/faults", timeout=60).json() == []
        assert client.get_object("a").read() == b"hello"
