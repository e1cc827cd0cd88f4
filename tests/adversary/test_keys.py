"""Whatever a callback says of its key, no name but OSS's is looked up, and none before the ticket is good."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from attacked import KEY_URL, Attacked, attacked, body_of, stopped, stopped_by

HOST = "gosspublic.alicdn.com"
NAMES = [f"callback_pub_key_v{number}.pem" for number in range(1, 100)]
TRICKS = (
    "http://gosspublic.alicdn.com@127.0.0.1/callback_pub_key_v2.pem",
    "http://user:password@gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "http://gosspublic.alicdn.com:80/callback_pub_key_v2.pem",
    "https://gosspublic.alicdn.com:8443/callback_pub_key_v2.pem",
    "http://gosspublic.alicdn.com.evil.example/callback_pub_key_v2.pem",
    "http://evil-gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "http://evil.example/gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "http://xn--gosspublic-.alicdn.com/callback_pub_key_v2.pem",
    "http://gösspublic.alicdn.com/callback_pub_key_v2.pem",
    "http://gosspublic。alicdn。com/callback_pub_key_v2.pem",
    "http://gosspublic.alicdn.com./callback_pub_key_v2.pem",
    "HTTP://GOSSPUBLIC.ALICDN.COM/callback_pub_key_v2.pem",
    "http:/gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "//gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "ftp://gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "file:///etc/passwd",
    "http://127.0.0.1/callback_pub_key_v2.pem",
    "http://gosspublic.alicdn.com/../callback_pub_key_v2.pem",
    "http://gosspublic.alicdn.com/callback_pub_key_v2.pem/",
    "http://gosspublic.alicdn.com/callback_pub_key_v2.pem?a=b",
    "http://gosspublic.alicdn.com/callback_pub_key_v2.pem#a",
    "http://gosspublic.alicdn.com/callback_pub_key_v2.pem\n",
    "http://gosspublic.alicdn.com/callback_pub_key_v02.pem",
    "http://gosspublic.alicdn.com/callback_pub_key_v100.pem",
    "http://gosspublic.alicdn.com/callback_pub_key_v٢.pem",
    "http://gosspublic.alicdn.com/callback_pub_key_v2xpem",
    " http://gosspublic.alicdn.com/callback_pub_key_v2.pem",
    "",
)


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A callback function that knows no key but OSS's own, as on Function Compute."""
    with attacked(tmp_path_factory.mktemp("keyless"), "", PUBLIC_KEY_PEM="") as keyless:
        yield keyless


def named(url: str) -> dict[str, str]:
    return {"x-oss-pub-key-url": base64.b64encode(url.encode()).decode()}


def test_counting_keys_up_opens_no_connection_without_a_ticket(keyless: Attacked) -> None:
    body = body_of({"ticket": "a.b", "key": "uploads/_/a.png"})
    before = keyless.sockets()
    for scheme in ("http", "https"):
        for name in NAMES:
            stopped_by(keyless.call_back(body, **named(f"{scheme}://{HOST}/{name}")), "not_verified")
    assert keyless.sockets() == before


@pytest.mark.parametrize("url", TRICKS)
def test_a_key_elsewhere_is_not_looked_up_even_with_a_ticket(url: str, keyless: Attacked) -> None:
    before = keyless.sockets()
    stopped_by(keyless.call_back(body_of(keyless.stack.grant()), **named(url)), "not_verified")
    assert keyless.sockets() == before


@pytest.mark.parametrize(
    "header", ["", "!", "aHR0cDovLw", KEY_URL, named(KEY_URL)["x-oss-pub-key-url"] + "====", "A" * 6000]
)
def test_what_is_no_canonical_base64_is_not_looked_up(header: str, keyless: Attacked) -> None:
    before = keyless.sockets()
    answer = keyless.call_back(body_of(keyless.stack.grant()), **{"x-oss-pub-key-url": header})
    stopped_by(answer, "not_verified")
    assert keyless.sockets() == before


def test_with_a_ticket_each_key_of_oss_is_looked_up_once(keyless: Attacked) -> None:
    """Each name is asked of OSS's host alone, and is then left alone for ten minutes."""
    grant, before = keyless.stack.grant(), keyless.sockets()
    for scheme in ("http", "https", "http"):
        for name in NAMES:
            stopped_by(
                keyless.call_back(body_of(grant), **named(f"{scheme}://{HOST}/{name}")), "not_verified"
            )
    asked = keyless.sockets()[len(before) :]
    stopped(asked == [f"getaddrinfo {HOST} 443"] * (len(NAMES) - 1), asked[:3])


def test_the_published_key_is_not_the_attackers(keyless: Attacked) -> None:
    stopped_by(keyless.call_back(body_of(keyless.stack.grant()), **named(KEY_URL)), "not_verified")


def test_nothing_that_was_tried_led_to_another_host(target: Attacked) -> None:
    """After whatever this run has done to it, the function has spoken to its bucket and its backend alone."""
    target.uploaded()
    known = {address.rpartition(":")[2] for address in (target.stack.upload, target.backend.url)}
    elsewhere = [
        line for line in target.sockets() if line.split()[1:] not in [["127.0.0.1", p] for p in known]
    ]
    stopped(target.sockets() != [] and elsewhere == [], elsewhere)
