"""OSS's public key cannot be fetched: callbacks are refused, and pages confirm their uploads instead."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Browser

from tests.support.network_faults import (
    Relay,
    answer_503,
    answering_with,
    close_connection,
    expect_one_upload,
    keep_silent,
)
from tests.support.page.actions import ended, open_page, posts_to, send
from tests.support.peer import Peer
from tests.support.watched_stack import KEY_HOST, WatchedStack, key_host, watched_stack

OTHER_KEY = (
    rsa.generate_private_key(65537, 2048)
    .public_key()
    .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)


@dataclass(frozen=True)
class Keyed:
    """A callback function that fetches the key which a callback names; `host` is the server of keys."""

    watched: WatchedStack
    callbacks: Relay
    host: Peer


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    folder, callbacks = tmp_path_factory.mktemp("keyed"), Relay()
    host, found = key_host(folder, KEY_HOST)
    with callbacks.serving(), host.serving(), watched_stack(folder, "", callbacks.url, **found) as watched:
        callbacks.target = watched.callback
        yield Keyed(watched, callbacks, host)


@contextmanager
def giving(host: Peer, body: bytes) -> Iterator[None]:
    host.body = body
    yield


# how the server of keys fails; each test names another key, because the function caches its answers
KEYS: Mapping[str, Callable[[Peer], AbstractContextManager[None]]] = {
    "down": lambda host: answering_with(host, close_connection),
    "slow": keep_silent,
    "busy": lambda host: answering_with(host, answer_503),
    "wrong": lambda host: giving(host, OTHER_KEY),
    "no key": lambda host: giving(host, b"<html>not found</html>"),
}


def name_a_key(keyed: Keyed, number: int) -> None:
    url = f"https://{KEY_HOST}/callback_pub_key_v{number}.pem"
    keyed.callbacks.request_headers["x-oss-pub-key-url"] = base64.b64encode(url.encode()).decode()


@pytest.mark.parametrize(("number", "how"), list(enumerate(KEYS, 2)), ids=KEYS)
def test_without_oss_s_key_the_page_confirms(number: int, how: str, keyed: Keyed, browser: Browser) -> None:
    name_a_key(keyed, number)
    page = open_page(browser, keyed.watched.stack.site)
    posts = posts_to(page, keyed.watched.stack.upload)
    confirms = posts_to(page, f"{keyed.callbacks.url}/confirm")
    with expect_one_upload(keyed.watched) as check, KEYS[how](keyed.host):
        check(ended(send(page)))
    assert (len(posts), len(confirms)) == (1, 1)
    assert keyed.host.asked[-1].path == f"/callback_pub_key_v{number}.pem"
    page.context.close()


def test_with_oss_s_key_it_need_not(keyed: Keyed, browser: Browser) -> None:
    name_a_key(keyed, 50)
    page = open_page(browser, keyed.watched.stack.site)
    confirms = posts_to(page, f"{keyed.callbacks.url}/confirm")
    pem = requests.get(f"{keyed.watched.stack.upload}/-/callback_pub_key.pem", timeout=9).content
    with expect_one_upload(keyed.watched) as check, giving(keyed.host, pem):
        check(ended(send(page)))
    with expect_one_upload(keyed.watched) as check:
        check(ended(send(page, "other.png")))
    assert confirms == []
    assert [one.path for one in keyed.host.asked].count("/callback_pub_key_v50.pem") == 1
    page.context.close()
