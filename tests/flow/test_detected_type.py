"""The type that the bytes show, against the stand-in: the backend is told, and no upload is refused."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator

import pytest
from PIL import Image

from tests.support.peer import Peer
from tests.support.stack import Stack

SECRET = "whsec_" + base64.b64encode(b"a webhook secret of 32 bytes....").decode()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Peer]:
    """A backend."""
    receiver = Peer(body=b"{}")
    with receiver.serving():
        yield receiver


@pytest.fixture(scope="module")
def stack(receiver: Peer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    webhook = {"WEBHOOK_URL": f"{receiver.url}/", "WEBHOOK_SECRET": SECRET}
    stack = Stack(tmp_path_factory.mktemp("stack"), DETECT_TYPE="true", **webhook)
    yield stack
    stack.end()


def picture(kind: str) -> bytes:
    written = io.BytesIO()
    Image.effect_noise((100, 100), 50).save(written, kind)
    return written.getvalue()


@pytest.mark.parametrize(
    ("content", "detected"),
    [
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (b"%PDF-", "application/pdf"),
        (b"hello", ""),
        (b"", ""),
    ],
    ids=["a PNG", "a WebP that is called PNG", "a PDF of five bytes", "text", "nothing"],
)
def test_the_backend_learns_what_the_bytes_of_a_png_show(
    stack: Stack, receiver: Peer, content: bytes, detected: str
) -> None:
    answer = stack.send(stack.grant("a.png", size=len(content)), content)
    assert (answer.status_code, answer.json()["type"]) == (200, "image/png")
    told = json.loads(receiver.asked[-1].body)["data"]
    assert (told["id"], told["type"], told["detected_type"]) == (answer.json()["id"], "image/png", detected)
