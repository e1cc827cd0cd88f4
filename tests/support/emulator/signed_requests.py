"""Requests that are signed with the bucket's permanent key, and documents of its configuration."""

import hashlib
import hmac
import time
from collections.abc import Mapping

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import BUCKET, DATE, DAY, REGION, Scene, Seen, signing_key

SIGNED_NAMES = {"content-type", "content-md5"}


def ask(scene: Scene, method: str, target: str, body: bytes | str = b"", **headers: str) -> Seen:
    """Send a request, signed without the emulator's signer.

    Its path must need no encoding; header names are written with underscores.
    """
    content = body.encode() if isinstance(body, str) else body
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(scene.now))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = {"x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": date, **sent}
    covered = [name for name in sorted(signed) if name.startswith("x-oss-") or name in SIGNED_NAMES]
    lines = "".join(f"{name}:{signed[name]}\n" for name in covered)
    path, _, parameters = target.partition("?")
    query = "&".join(sorted(parameters.split("&"), key=lambda one: one.partition("=")))
    canonical = f"{method}\n/{BUCKET}{path}\n{query}\n{lines}\n\nUNSIGNED-PAYLOAD"
    scope = f"{date[:8]}/{REGION}/oss/aliyun_v4_request"
    text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(signing_key("SKEXAMPLE", date[:8]), text.encode(), hashlib.sha256).hexdigest()
    authorization = f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{scope},Signature={signature}"
    return scene.request(method, target, {**signed, "Authorization": authorization}, content)


def read(scene: Scene, method: str, target: str, key: str, headers: Mapping[str, str] | None = None) -> Seen:
    """Send a read of `key`, signed with the emulator's own signer; only `target` is percent-encoded."""
    query = target.partition("?")[2]
    sent = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", **(headers or {})}
    canonical = canonical_request(method, f"/{BUCKET}/{key}", query, sent, [])
    text = string_to_sign(canonical, DATE, v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"))
    signature = v4.sign(signing_key("SKEXAMPLE"), text)
    authorization = (
        f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{DAY}/{REGION}/oss/aliyun_v4_request,Signature={signature}"
    )
    return scene.request(method, target, {**sent, "Authorization": authorization})


def one_line(answer: Seen) -> str:
    """The document of an answer, its elements without the line ends and blanks between them."""
    declaration, *lines = answer.body.decode().splitlines()
    return f"{declaration}\n{''.join(line.strip() for line in lines)}"


def put(scene: Scene, part: str, document: str) -> None:
    """Configure the bucket, which must succeed."""
    answer = ask(scene, "PUT", f"/?{part}", document)
    assert (answer.status, answer.body) == (200, b""), answer.body


def cors(*rules: str, vary: str = "") -> str:
    return f"<CORSConfiguration>{''.join(rules)}{vary}</CORSConfiguration>"


def cors_rule(*, origins: str = "*", methods: str = "POST", headers: str = "", exposed: str = "") -> str:
    """A CORSRule; the items of a list are separated by spaces."""
    lists = (
        ("AllowedOrigin", origins),
        ("AllowedMethod", methods),
        ("AllowedHeader", headers),
        ("ExposeHeader", exposed),
    )
    items = (f"<{name}>{item}</{name}>" for name, text in lists for item in text.split())
    return f"<CORSRule>{''.join(items)}</CORSRule>"
