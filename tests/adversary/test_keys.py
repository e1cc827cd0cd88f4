"""A callback names its key: only names of OSS are looked up, and none before the ticket is verified."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.attacked_stack import (
    KEY_URL,
    AttackedStack,
    assert_no_other_host,
    assert_refused,
    assert_stopped,
    attacked_stack,
    body_of,
    factored_key,
)
from tests.support.peer import Peer
from tests.support.watched_stack import KEY_HOST as HOST
from tests.support.watched_stack import key_host

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
def keyless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttackedStack]:
    """A callback function that only knows OSS's published key, as on Function Compute."""
    with attacked_stack(tmp_path_factory.mktemp("keyless"), "", PUBLIC_KEY_PEM="") as keyless:
        yield keyless


def named(url: str) -> dict[str, str]:
    return {"x-oss-pub-key-url": base64.b64encode(url.encode()).decode()}


def test_counting_keys_up_opens_no_connection_without_a_ticket(keyless: AttackedStack) -> None:
    body = body_of({"ticket": "a.b", "key": "uploads/_/a.png"})
    before = keyless.sockets()
    for scheme in ("http", "https"):
        for name in NAMES:
            assert_refused(keyless.call_back(body, **named(f"{scheme}://{HOST}/{name}")), "not_verified")
    assert keyless.sockets() == before


@pytest.mark.parametrize("url", TRICKS)
def test_a_key_elsewhere_is_not_looked_up_even_with_a_ticket(url: str, keyless: AttackedStack) -> None:
    before = keyless.sockets()
    assert_refused(keyless.call_back(body_of(keyless.stack.grant()), **named(url)), "not_verified")
    assert keyless.sockets() == before


@pytest.mark.parametrize(
    "header", ["", "!", "aHR0cDovLw", KEY_URL, named(KEY_URL)["x-oss-pub-key-url"] + "====", "A" * 6000]
)
def test_what_is_no_canonical_base64_is_not_looked_up(header: str, keyless: AttackedStack) -> None:
    before = keyless.sockets()
    answer = keyless.call_back(body_of(keyless.stack.grant()), **{"x-oss-pub-key-url": header})
    assert_refused(answer, "not_verified")
    assert keyless.sockets() == before


def test_with_a_ticket_each_key_of_oss_is_looked_up_once(keyless: AttackedStack) -> None:
    """Each name is asked for at OSS's host only, and not again for ten minutes."""
    grant, before = keyless.stack.grant(), keyless.sockets()
    for scheme in ("http", "https", "http"):
        for name in NAMES:
            assert_refused(
                keyless.call_back(body_of(grant), **named(f"{scheme}://{HOST}/{name}")), "not_verified"
            )
    asked = keyless.sockets()[len(before) :]
    assert_stopped(asked == [f"getaddrinfo {HOST} 443"] * (len(NAMES) - 1), asked[:3])


def test_the_published_key_is_not_the_attackers(keyless: AttackedStack) -> None:
    assert_refused(keyless.call_back(body_of(keyless.stack.grant()), **named(KEY_URL)), "not_verified")


PEM = factored_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def give(status: str, body: bytes, *headers: str) -> Callable[[Any], None]:
    head = "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""])
    return lambda asked: asked.wfile.write(head.encode() + body)


def drip(asked: Any) -> None:
    """Send the key so slowly that it takes a minute."""
    asked.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(PEM)}\r\n\r\n".encode())
    for piece in PEM:
        asked.wfile.write(bytes([piece]))
        Event().wait(60 / len(PEM))


# what the host of OSS's keys answers once somebody else answers for it: each time with the attacker's key
WAYS: Mapping[str, Callable[[Any], None]] = {
    "redirect": give("302 Found", PEM, "Location: http://evil.example/callback_pub_key_v2.pem"),
    "redirect_home": give("301 Moved Permanently", b"", "Location: /callback_pub_key_v1.pem"),
    "compressed": give("200 OK", gzip.compress(PEM), "Content-Encoding: gzip"),
    "bomb": give("200 OK", gzip.compress(PEM + bytes(10**6)), "Content-Encoding: gzip"),
    "huge": give("200 OK", PEM + b"\n" * 10**6),
    "error": give("404 Not Found", PEM),
    "drip": drip,
}


@contextmanager
def with_key_host(folder: Path, *names: str) -> Iterator[tuple[AttackedStack, Peer]]:
    """Start a function whose server of OSS's keys is on this machine, with a certificate for these names."""
    host, found = key_host(folder, *names)
    with host.serving(), attacked_stack(folder, "", **found) as deceived:
        yield deceived, host


@pytest.fixture(scope="module")
def deceived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[AttackedStack, Peer]]:
    with with_key_host(tmp_path_factory.mktemp("deceived"), HOST) as pair:
        yield pair


@pytest.mark.parametrize(("number", "way"), list(enumerate(WAYS, 2)), ids=WAYS)
def test_a_host_of_keys_that_misbehaves_is_not_believed(
    number: int, way: str, deceived: tuple[AttackedStack, Peer]
) -> None:
    """The function asks it over TLS, for at most a second and 4 KiB, and asks no other host."""
    target, host = deceived
    before, host.raw = target.sockets(), WAYS[way]
    url = f"https://{HOST}/callback_pub_key_v{number}.pem"
    assert_refused(target.call_back(body_of(target.stack.grant()), **named(url)), "not_verified")
    assert host.asked[-1].path == f"/callback_pub_key_v{number}.pem"
    lookups = [line for line in target.sockets()[len(before) :] if line.startswith("getaddrinfo")]
    assert_stopped(
        lookups[0] == f"getaddrinfo {HOST} 443" and not any("evil" in line for line in lookups), lookups
    )


def test_the_same_key_given_properly_would_be_believed(deceived: tuple[AttackedStack, Peer]) -> None:
    target, host = deceived
    host.raw = give("200 OK", PEM)
    answer = target.call_back(
        body_of(target.stack.grant()), **named(f"https://{HOST}/callback_pub_key_v50.pem")
    )
    assert answer.json()["code"] == "not_stored"


def test_a_name_led_to_this_machine_has_no_certificate(tmp_path: Path) -> None:
    with with_key_host(tmp_path) as (target, host):
        host.raw = give("200 OK", PEM)
        for scheme in ("http", "https"):
            url = f"{scheme}://{HOST}/callback_pub_key_v2.pem"
            assert_refused(target.call_back(body_of(target.stack.grant()), **named(url)), "not_verified")
        assert f"getaddrinfo {HOST} 443" in target.sockets()
        assert host.asked == []


def test_nothing_that_was_tried_led_to_another_host(strict: AttackedStack) -> None:
    """The stacks check it again at their end, after everything that this run has tried."""
    strict.uploaded()
    assert_no_other_host(strict)
