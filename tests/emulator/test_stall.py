"""A stall holds a connection of the emulator until it ends or the client has gone."""

import select
import socket
import time
from pathlib import Path

import pytest
import requests

from tests.support.emulator.process import EmulatorProcess
from tests.support.emulator.scene import BOUNDARY, file_part, multipart, signed

TYPE = f"multipart/form-data; boundary={BOUNDARY}"
HEAD = f"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: {TYPE}\r\nContent-Length: 100000\r\n\r\n".encode()


def test_an_upload_goes_on_after_a_stall(emulator: EmulatorProcess) -> None:
    now = time.time()
    body = multipart(signed({"key": "stalled"}, now=now, expires=now + 300), file_part(b"hello"))
    emulator.fault("stall", after_bytes=10, seconds=0.01)

    answer = requests.post(emulator.url, body, headers={"Content-Type": TYPE}, timeout=30)

    assert answer.status_code == 204, answer.text


@pytest.mark.skipif(not hasattr(select, "POLLRDHUP"), reason="only Linux tells that the client has gone")
def test_a_stall_ends_when_the_client_goes_away(tmp_path: Path) -> None:
    with EmulatorProcess(tmp_path, "--max-connections=1") as emulator:
        emulator.fault("stall", after_bytes=10, seconds=600)
        with socket.create_connection(("127.0.0.1", emulator.port)) as client:
            client.sendall(HEAD + b"x" * 1000)

        # The only connection is answered this only if it no longer waits.
        assert requests.get(f"{emulator.url}/-/faults", timeout=60).json() == []
