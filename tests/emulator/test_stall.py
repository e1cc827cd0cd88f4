"""A stall holds a thread of the stand-in; these are about letting go of it."""

import select
import socket
import time
from pathlib import Path

import pytest
import requests

from tests.support.emulator.process import StandIn
from tests.support.emulator.scene import BOUNDARY, file_part, multipart, signed

TYPE = f"multipart/form-data; boundary={BOUNDARY}"
HEAD = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\nContent-Length: 100000\r\n\r\n".encode()


def test_an_upload_goes_on_after_a_stall(stand_in: StandIn) -> None:
    now = time.time()
    body = multipart(signed({"key": "stalled"}, now=now, expires=now + 300), file_part(b"hello"))
    stand_in.fault("stall", after_bytes=10, seconds=0.01)

    answer = requests.post(stand_in.url, body, headers={"Content-Type": TYPE}, timeout=30)

    assert answer.status_code == 204, answer.text


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells that the client has gone")
def test_a_stall_ends_when_the_client_goes_away(tmp_path: Path) -> None:
    with StandIn(tmp_path, THREADS="1") as stand_in:
        stand_in.fault("stall", after_bytes=10, seconds=600)
        with socket.create_connection(("127.0.0.1", stand_in.port)) as client:
            client.sendall(HEAD + b"x" * 1000)

        # The one thread there is answers this only when it no longer waits.
        assert requests.get(f"{stand_in.url}/-/faults", timeout=60).json() == []
