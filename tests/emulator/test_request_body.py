import hashlib
import io

import pytest

from oss_emulator.http_messages import Body


def test_a_digested_body_has_the_md5_of_all_that_was_read() -> None:
    body = Body(io.BytesIO(b"hello").read, digested=True)

    assert (body.read(2), body.md5()) == (b"he", hashlib.md5(b"he").digest())
    body.drain()
    assert (body.received_bytes, body.md5()) == (5, hashlib.md5(b"hello").digest())


def test_a_body_that_is_not_digested_has_no_md5() -> None:
    with pytest.raises(ValueError, match="not digested"):
        Body(io.BytesIO(b"hello").read).md5()
