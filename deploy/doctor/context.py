"""What earlier checks learned about a deployment and later checks need, and how a check is declared."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from deploy.doctor import probe
from deploy.doctor.answers import json_object
from deploy.doctor.bucket_access import BucketAccess
from deploy.doctor.finding import Deployment, Kind, Outcome
from deploy.doctor.probe import Answer, Exchange

FOREIGN = "https://foreign.example"
FILE = b"doctor\n"
FILE_NAME = "oss-direct-upload-doctor.txt"  # the callback function marks the events of this name
KEY_SUFFIX = "-changed"  # makes another key from a granted one
KEY = re.compile(r"[!-~]{1,1023}")
LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost)(:\d{1,5})?")
ADDRESS = re.compile(rf"(https://[^@;/\s]+|{LOOPBACK.pattern})/[^@;\s]*")


@dataclass(frozen=True)
class Grant:
    """A grant of the token function. Its fields, ticket and policy are never shown."""

    id: str
    url: str
    key: str
    fields: Mapping[str, str] = field(repr=False)
    ticket: str = field(repr=False)
    confirm: str

    @property
    def bucket(self) -> str:
        """The bucket in the policy."""
        try:
            policy = json.loads(base64.b64decode(self.fields["policy"]))
            return next(str(one["bucket"]) for one in policy["conditions"] if "bucket" in one)
        except (ValueError, KeyError, TypeError, StopIteration):
            return "?"

    def left(self, key: str = "") -> tuple[str, ...]:
        """Return the object that this grant left in the bucket, or the one that its form left under another key."""
        return (f"{self.bucket}/{key or self.key}",)


def read_grant(answer: Answer) -> Grant | None:
    """Return the grant in an answer, or None if it has none that may be used: addresses are https, or loopback."""
    found = json_object(answer)
    texts = [found.get(name) for name in ("id", "url", "key", "ticket", "confirm")]
    fields = found.get("fields")
    if not isinstance(fields, dict) or not all(isinstance(one, str) for one in (*texts, *fields.values())):
        return None
    upload_id, url, key, ticket, confirm = map(str, texts)
    if not (KEY.fullmatch(key) and ADDRESS.fullmatch(url) and ADDRESS.fullmatch(confirm)):
        return None
    return Grant(upload_id, url, key, fields, ticket, confirm)


@dataclass(frozen=True)
class PartsGrant:
    """A multipart grant of a file of `size` bytes. Its ticket is never shown."""

    id: str
    key: str
    size: int
    part_size: int
    parts: int
    ticket: str = field(repr=False)

    @property
    def last_size(self) -> int:
        """The bytes of the last part, which may be the only one."""
        return self.size - self.part_size * (self.parts - 1)


def read_parts_grant(answer: Answer, sizes: Sequence[int]) -> PartsGrant | None:
    """Return the first multipart grant in an answer to `POST /uploads` for files of these sizes, or None."""
    uploads = json_object(answer).get("uploads")
    for size, found in zip(sizes, uploads if isinstance(uploads, list) else (), strict=False):
        if not isinstance(found, dict) or found.get("kind") != "multipart":
            continue
        upload_id, key, ticket = (found.get(name) for name in ("id", "key", "ticket"))
        part_size, parts = found.get("part_size"), found.get("parts")
        if not (isinstance(upload_id, str) and isinstance(key, str) and isinstance(ticket, str)):
            return None
        if not (isinstance(part_size, int) and isinstance(parts, int) and KEY.fullmatch(key)):
            return None
        grant = PartsGrant(upload_id, key, size, part_size, parts, ticket)
        return grant if 0 < grant.last_size <= part_size else None
    return None


@dataclass
class Context:
    """The deployment, and what checks learned and `left`. Nothing is stored yet under `unused_grant`."""

    deployment: Deployment
    media_type: str = "text/plain"
    grant: Grant | None = None
    unused_grant: Grant | None = None
    uploaded: Answer | None = None
    max_bytes: int = 0
    grants_parts: bool = False  # whether the token function gives multipart grants
    parts_grant: PartsGrant | None = None  # begun at OSS, neither completed nor aborted
    preflights: dict[str, Answer] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    check: str = ""  # the name of the one that runs
    record: Callable[[Exchange], None] | None = None

    @cached_property
    def access(self) -> BucketAccess | None:
        """The deployer's access to the upload bucket of a stack, None without a stack."""
        find = self.deployment.find_access
        return find() if find else None

    @property
    def the_grant(self) -> Grant:
        """The grant of the upload; a check that reads it needs the check `grant`."""
        if self.grant is None:
            raise LookupError("the check does not say that it needs a grant")
        return self.grant

    @property
    def the_upload(self) -> Answer:
        """The answer to the upload; a check that reads it needs the check `upload`."""
        if self.uploaded is None:
            raise LookupError("the check does not say that it needs an upload")
        return self.uploaded

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        parts: probe.Parts = (),
        content: bytes | Iterator[bytes] | None = None,
    ) -> Answer:
        """Send one request, and record it if that was asked for."""
        answer = probe.ask(method, url, headers, parts=parts, content=content)
        if self.record:
            fields = tuple((name, str(value)) for name, (file_name, value) in parts if file_name is None)
            sent = b"".join(bytes(value) for _, (file_name, value) in parts if isinstance(value, bytes))
            sent = content if isinstance(content, bytes) else sent
            self.record(Exchange(self.check, method, url, headers or {}, fields, sent, answer))
        return answer

    def ask_token(self, path: str, method: str = "GET", **headers: str) -> Answer:
        """Ask the token function, as a signed-in user if there is a bearer token."""
        token = self.deployment.bearer_token
        signed_in = {"Authorization": f"Bearer {token}"} if token and method == "GET" else {}
        headers.setdefault("Origin", self.deployment.origin)
        return self.ask(method, self.deployment.token_url.rstrip("/") + path, {**signed_in, **headers})

    def post_token(self, path: str, document: Mapping[str, object], *, signed_in: bool = False) -> Answer:
        """Send a document to the token function; `signed_in` with the bearer token, if there is one."""
        token = self.deployment.bearer_token
        headers = {"Origin": self.deployment.origin, "Content-Type": "application/json"}
        if signed_in and token:
            headers["Authorization"] = f"Bearer {token}"
        content = json.dumps(document).encode()
        return self.ask("POST", self.deployment.token_url.rstrip("/") + path, headers, content=content)

    def ask_grant(self) -> Answer:
        """Ask for a grant of the doctor's file."""
        return self.ask_token(
            f"/?name={FILE_NAME}&size={len(FILE)}&type={self.media_type.replace('+', '%2B')}"
        )

    def find_unused_grant(self) -> Grant:
        """Return a grant under which nothing is stored. Raises `LookupError` if the function gives none."""
        self.unused_grant = self.unused_grant or read_grant(self.ask_grant())
        if self.unused_grant is None:
            raise LookupError("no further grant was given")
        return self.unused_grant

    def post(
        self,
        grant: Grant,
        fields: Sequence[tuple[str, str]] | None = None,
        file: bytes = FILE,
        **headers: str,
    ) -> Answer:
        """Send a grant's form as a page does: these fields in this order, or the grant's own, then the file."""
        return self.post_form(
            grant.url, list(grant.fields.items()) if fields is None else fields, file, **headers
        )

    def post_form(
        self, url: str, fields: Sequence[tuple[str, str]], file: bytes = FILE, **headers: str
    ) -> Answer:
        """Send these fields in this order, then the file."""
        parts: list[tuple[str, tuple[str | None, str | bytes]]] = [(n, (None, v)) for n, v in fields]
        parts.append(("file", (FILE_NAME, file)))
        sent_headers = {
            "Origin": self.deployment.origin,
            **{n.replace("_", "-"): v for n, v in headers.items()},
        }
        return self.ask("POST", url, sent_headers, parts=parts)

    def confirm(self, ticket: str, origin: str = "") -> Answer:
        """Ask the callback function about a ticket."""
        headers = {"Origin": origin or self.deployment.origin, "Content-Type": "application/json"}
        content = json.dumps({"ticket": ticket}).encode()
        return self.ask("POST", self.the_grant.confirm, headers, content=content)


@dataclass(frozen=True)
class Check:
    """One check. `tried` may contain `{origin}`. It is skipped if one of the checks in `needs` failed."""

    name: str
    tried: str
    run: Callable[[Context], Outcome]
    needs: tuple[str, ...] = ()
    kind: Kind = "check"


def host_of(url: str) -> str:
    """Return scheme, host and port of an address: the part that may be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
