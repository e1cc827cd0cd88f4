"""A bucket in this process with a fixed clock, and forms that code written from the specification signs."""

import base64
import hashlib
import hmac
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives.asymmetric import rsa

from oss_emulator.auth.credentials import Credential
from oss_emulator.bucket.configuration import Configuration
from oss_emulator.bucket.state import Bucket
from oss_emulator.callback.delivery import Timing
from oss_emulator.callback.transport import CallbackRequest, Reply
from oss_emulator.http_messages import Answer, Body, Request
from oss_emulator.routing import respond
from oss_emulator.settings import Settings
from oss_emulator.storage.buckets import Buckets
from oss_emulator.switches import read_switches

NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z, when forms and requests are signed
CLOCK = NOW + 0.25  # the bucket's clock, between two seconds as real clocks nearly always are
DAY, DATE = "20260921", "20260921T141320Z"
BUCKET, REGION = "examplebucket", "cn-hangzhou"
ORIGIN = "http://127.0.0.1:8080"
KEY = Credential("AKEXAMPLE", "SKEXAMPLE")
TEMPORARY = Credential("STS.EXAMPLE", "STSSECRET", "CAISEXAMPLE", NOW + 600)
EXPIRED = Credential("STS.OLD", "OLDSECRET", "CAISOLD", NOW - 1)
CALLBACK_URL = "http://203.0.114.7:9002/callback"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
BOUNDARY = "----WebKitFormBoundaryabc"


def signing_key(secret: str, day: str = DAY, region: str = REGION) -> bytes:
    key = b"aliyun_v4" + secret.encode()
    for part in (day, region, "oss", "aliyun_v4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def policy_text(conditions: Sequence[object], expires: float = NOW + 300) -> str:
    expiration = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(expires))
    return encoded({"expiration": expiration, "conditions": list(conditions)})


def signed(
    fields: Mapping[str, str],
    *,
    conditions: Sequence[object] = (),
    pinned: bool = True,
    key: Credential = KEY,
    expires: float = NOW + 300,
    now: float = NOW,
) -> dict[str, str]:
    """A signed V4 form; its policy has a condition for each of `fields`, if `pinned`, and `conditions`."""
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    v4 = {
        "x-oss-signature-version": "OSS4-HMAC-SHA256",
        "x-oss-credential": f"{key.access_key_id}/{date[:8]}/{REGION}/oss/aliyun_v4_request",
        "x-oss-date": date,
    }
    if key.security_token:
        v4["x-oss-security-token"] = key.security_token
    pins = {**(dict(fields) if pinned else {}), **v4}
    policy = policy_text(
        [{"bucket": BUCKET}, *({name.lower(): value} for name, value in pins.items()), *conditions], expires
    )
    return {**fields, **v4, "policy": policy} | signature(policy, key, date[:8])


def signature(policy: str, key: Credential = KEY, day: str = DAY) -> dict[str, str]:
    mac = hmac.new(signing_key(key.access_key_secret, day), policy.encode(), hashlib.sha256)
    return {"x-oss-signature": mac.hexdigest()}


def part(name: str, value: bytes | str, extra: str = "") -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode()
        + content
        + b"\r\n"
    )


def file_part(content: bytes, filename: str = "a.txt", content_type: str | None = "text/plain") -> bytes:
    typed = f"\r\nContent-Type: {content_type}" if content_type else ""
    return part("file", content, f'; filename="{filename}"{typed}')


def multipart(fields: Mapping[str, str], *parts: bytes) -> bytes:
    sent = b"".join(part(name, value) for name, value in fields.items())
    return sent + b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


@dataclass(frozen=True)
class Seen:
    """An answer in comparable parts."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        return {child.tag: child.text or "" for child in ET.fromstring(self.body)}

    @property
    def refusal(self) -> tuple[int, str, str]:
        return self.status, self.error["Code"], self.error.get("EC", "")


@dataclass
class Scene:
    """One bucket, its clock and its callback replies set by the test.

    `called` lists the callbacks that were sent, `limits` the seconds each was given, `waited` the pauses.
    """

    folder: Path
    now: float = CLOCK
    replies: list[Reply | Exception] = field(default_factory=list)
    called: list[tuple[str, bytes]] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = Settings(
            bucket=BUCKET,
            region=REGION,
            credentials=(KEY, TEMPORARY, EXPIRED),
            folder=self.folder,
            allowed_origins=(ORIGIN,),
            callback_key=self.folder / "key.pem",
            callback_seconds=5.0,
            private_callbacks=False,
            website=(),
            switches=read_switches(""),
        )
        buckets = Buckets(self.folder)
        buckets.create(BUCKET, acl=settings.acl, now=NOW)
        self.bucket = Bucket(
            settings=settings,
            buckets=buckets,
            store=buckets.store(BUCKET),
            key=RSA_KEY,
            send=self._send,
            timing=Timing(5.0, lambda: 0.0, self.waited.append),
            configuration=Configuration(buckets, BUCKET),
            now=lambda: self.now,
            resolve=lambda host: [host] if host[0].isdigit() else ["203.0.114.7"],
        )

    def set(self, **changes: Any) -> None:
        """Change settings, such as switches="name=value"."""
        if "switches" in changes:
            changes["switches"] = read_switches(changes["switches"])
        if "acl" in changes:
            self.bucket.buckets.create(BUCKET, acl=changes["acl"], now=NOW)
        self.bucket = replace(self.bucket, settings=replace(self.bucket.settings, **changes))

    def _send(self, request: CallbackRequest, seconds: float) -> Reply:
        self.called.append((request.url.path + request.url.query, request.body))
        self.limits.append(seconds)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Seen:
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        lower.setdefault("host", "127.0.0.1:9000")
        stream = io.BytesIO(body)
        read = Body(stream.read, digested="content-md5" in lower, pause=self.waited.append)
        answer: Answer = respond(Request(method, target, lower, read), self.bucket)
        assert not stream.read(), "the body was not drained"
        content = answer.body if isinstance(answer.body, bytes) else b"".join(answer.body)
        return Seen(answer.status, answer.headers, content)

    def send(self, body: bytes, headers: Mapping[str, str] | None = None) -> Seen:
        sent = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "content-length": str(len(body))}
        return self.request("POST", "/", {**sent, **(headers or {})}, body)

    def post(
        self,
        fields: Mapping[str, str],
        content: bytes = b"hello",
        *,
        filename: str = "a.txt",
        content_type: str | None = "text/plain",
        headers: Mapping[str, str] | None = None,
    ) -> Seen:
        return self.send(multipart(fields, file_part(content, filename, content_type)), headers)

    def upload(self, fields: Mapping[str, str], content: bytes = b"hello", **options: Any) -> Seen:
        """Post a signed form with a condition for each of `fields`."""
        return self.post(signed(fields), content, **options)

    def stored(self, key: str) -> Any:
        return self.bucket.store.find(key)


def json_reply(body: bytes = b'{"Status":"OK"}', status: int = 200, **headers: str) -> Reply:
    return Reply(status, {"content-length": str(len(body)), **headers}, body)


def callback_parameter(**changes: object) -> str:
    members = {"callbackUrl": CALLBACK_URL, "callbackBody": "object=${object}&size=${size}", **changes}
    return encoded({name: value for name, value in members.items() if value is not None})
