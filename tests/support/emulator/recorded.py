"""Exchanges with OSS that others recorded: the equivalent is sent to an emulator, the answers are compared.

What a record does not show is not compared: `known` in the vectors says what it shows. Values that differ
from request to request are compared by their form. Requests are signed without the emulator's signer.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_plus
from xml.etree import ElementTree as ET

from tests.support.emulator.process import CallbackServer
from tests.support.emulator.scene import signing_key

KEY, SECRET = "key-a", "secret-a"
EXPIRED = {"access_key_id": "STS.key-x", "access_key_secret": "secret-x", "security_token": "token-a"}
TEMPORARY = {"access_key_id": "STS.key-t", "access_key_secret": "secret-t", "security_token": "token-t"}

# the year since when OSS sends a header or element: an older record without it is no difference
SINCE = {
    "x-oss-server-time": 2016,
    "x-oss-hash-crc64ecma": 2017,
    "content-md5": 2017,
    "x-oss-storage-class": 2017,
    "type": 2018,
    "supportsubdir": 2018,
    "httpstatus": 2018,
    "responsevary": 2018,
    "x-oss-err": 2019,
    "x-oss-ec": 2023,
    "ec": 2023,
    "recommenddoc": 2024,
}
SAME_VALUE = {
    *(
        "content-type",
        "server",
        "connection",
        "accept-ranges",
        "allow",
        "vary",
        "content-range",
        "user-agent",
    ),
    *(f"access-control-allow-{what}" for what in ("origin", "methods", "headers")),
    *("access-control-expose-headers", "access-control-max-age"),
    *(f"x-oss-{what}" for what in ("object-type", "storage-class", "delete-marker", "ec", "tag")),
    *("x-oss-signature-version", "x-oss-additional-headers"),
}
_DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
FORMS = {
    "etag": r'"[0-9A-F]{32}(-\d+)?"',
    "x-oss-request-id": "[0-9A-F]{24}",
    "x-oss-hash-crc64ecma": r"\d{1,20}",
    "content-md5": "[A-Za-z0-9+/]{22}==",
    "x-oss-server-time": r"\d+",
    "last-modified": _DATE,
    "date": _DATE,
    "content-length": r"\d+",
    "x-oss-version-id": "CAEQ[A-Za-z0-9]{20,}",
    "x-oss-ec": r"\d{4}-\d{8}",
}
FREE_TEXT = {
    *("RequestId", "HostId", "Key", "LastModified", "ServerTime", "RequestTime", "Expires", "OSSAccessKeyId"),
    *("SignatureProvided", "StringToSign", "StringToSignBytes", "ID", "DisplayName", "Bucket", "UploadId"),
    *("ETag", "Location", "Name", "BucketName", "SecurityToken", "Authorization", "Endpoint"),
}


@dataclass(frozen=True)
class Target:
    """A bucket of a running emulator."""

    port: int
    bucket: str
    region: str


@dataclass(frozen=True)
class Got:
    """What came back: of an answer, or of a callback that was received, whose status is 0."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: str


def play(target: Target, replay: Mapping[str, Any], callbacks: CallbackServer) -> Got:
    """Bring about the state that the exchange needs, and send the equivalent of its request."""
    query = replay["query"].format(version=_prepare(target, replay.get("state", ())))
    headers, body = dict(replay["headers"]), replay.get("body", "").encode()
    path, kind, method = replay["path"], replay["auth"], replay["method"]
    if "callback" in replay:
        _answer_callbacks(callbacks, **replay["callback"])
    if replay.get("md5"):
        headers["Content-MD5"] = base64.b64encode(hashlib.md5(body).digest()).decode()
    if kind in {"form", "formv1"}:
        body, content_type = _form(target, replay, callbacks.url)
        if "content_type" not in replay:
            headers["Content-Type"] = content_type
    elif kind == "raw-form":
        headers["Content-Type"] = replay["content_type"]
    elif kind == "presign-expired":
        query = _presigned(target, method, path, time.time() - 3600)
    elif kind.startswith("v4"):
        _sign(target, method, path, query, headers, kind)
    sent_path = f"{target.bucket}/{path}" if replay.get("path_style") else path
    chunked = replay.get("chunked", False)
    got = _send(target, (method, sent_path, query), headers, body, host=replay.get("host"), chunked=chunked)
    if replay.get("compare") == "callback":
        return Got(0, tuple(callbacks.received[-1][1].items()), "")
    return got


def differences(exchange: Mapping[str, Any], got: Got) -> list[str]:
    """Say in what `got` differs from the recorded answer, in what the record shows."""
    said, known = exchange["response"], exchange["known"]
    if known["status"] and said["status"] != got.status:
        return [f"status: recorded {said['status']}, got {got.status}", got.body]
    found = list(_header_differences(exchange, got)) if said["headers"] else []
    body = got.body
    errors = [value for name, value in got.headers if name == "x-oss-err"]
    if exchange["operation"] == "HeadObject" and errors:
        body = base64.b64decode(errors[0]).decode()
    if said["body"] is None:
        return found
    if said["body"].lstrip().startswith("<"):
        return [*found, *_element_differences(exchange, body)]
    return found if said["body"] == body else [*found, f"body: recorded {said['body']}, got {body}"]


def _header_differences(exchange: Mapping[str, Any], got: Got) -> Iterator[str]:
    known, year = exchange["known"], exchange["year"]
    theirs = {name.lower(): (name, value) for name, value in exchange["response"]["headers"]}
    ours = {name.lower(): (name, value) for name, value in got.headers}
    yield from (f"no {name}" for name in theirs if name not in ours)
    if known["headers_complete"]:
        yield from (f"too much: {name}" for name in ours if name not in theirs and SINCE.get(name, 0) <= year)
    if known["order"]:
        common = [name for name in theirs if name in ours]
        if common != (order := [name for name in ours if name in theirs]):
            yield f"order: recorded {common}, got {order}"
    for name in set(theirs) & set(ours):
        yield from _value_differences(name, theirs[name], ours[name], cased=known["case"] == "kept")


def _value_differences(
    name: str, theirs: tuple[str, str], ours: tuple[str, str], *, cased: bool
) -> Iterator[str]:
    if cased and theirs[0] != ours[0]:
        yield f"case: recorded {theirs[0]}, got {ours[0]}"
    recorded, value = theirs[1], ours[1]
    size = re.fullmatch(r"\(base64 of (\d+) bytes\)", recorded)
    if size and len(base64.b64decode(value)) != int(size[1]):
        yield f"{name}: recorded {size[1]} bytes in base64, got {len(base64.b64decode(value))}"
    if recorded.startswith("(") or not recorded:  # blotted
        return
    if name in SAME_VALUE and recorded.lower() != value.lower():
        yield f"{name}: recorded {recorded}, got {value}"
    if name == "content-length" and (recorded == "0") != (value == "0"):
        yield f"{name}: recorded {recorded}, got {value}"
    if name in FORMS and not re.fullmatch(FORMS[name], value):
        yield f"{name}: recorded like {recorded}, got {value}"
    if name == "x-oss-request-id" and abs(int(value[:8], 16) - time.time()) > 600:
        yield f"{name}: its first 8 digits are not the time"


def _element_differences(exchange: Mapping[str, Any], body: str) -> Iterator[str]:
    recorded, known = exchange["response"]["body"], exchange["known"]
    theirs, ours = _elements(recorded), _elements(body)
    whole = known["body_complete"] and ("<RequestId>" in recorded or not recorded.startswith("<Error>"))
    yield from (f"no {path}" for path in theirs if path not in ours)
    if whole:
        for path in ours:
            if path not in theirs and SINCE.get(path.rpartition("/")[2].lower(), 0) <= exchange["year"]:
                yield f"too much: {path}"
    common = [path for path in theirs if path in ours]
    if common != (order := [path for path in ours if path in theirs]):
        yield f"order: recorded {common}, got {order}"
    for path in common:
        if path.rpartition("/")[2] not in FREE_TEXT and theirs[path] != ours[path]:
            yield f"{path}: recorded {theirs[path]}, got {ours[path]}"
    if known["body_text"] and _layout(recorded) != _layout(body):
        yield f"layout: recorded {_layout(recorded)}, got {_layout(body)}"


def _elements(document: str) -> dict[str, str]:
    """The text of each element by its path, in order; of siblings with one name only the first."""
    found: dict[str, str] = {}

    def walk(node: ET.Element, path: str) -> None:
        found.setdefault(path, (node.text or "").strip())
        for child in node:
            walk(child, f"{path}/{child.tag}")

    root = ET.fromstring(document)
    walk(root, root.tag)
    return found


def _layout(document: str) -> tuple[str, str, bool]:
    """The declaration, the indent of the first level, and whether a line end follows the root element."""
    indent = re.search(r"\n( *)<(?!/?[A-Za-z]+>\s*\n? *<?\Z)", document.partition("\n")[2])
    return document.partition("\n")[0], indent[1] if indent else "", document.endswith("\n")


def _prepare(target: Target, steps: Sequence[Mapping[str, Any]]) -> str:
    """Bring about a state; return the version id to be remembered, or the id of the upload begun."""
    if target.bucket == "versioned":
        enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        _signed(target, "PUT", "", "versioning", body=enabled)
    version = ""
    for step in steps:
        if "put" in step:
            made = step["put"]
            content = made.get("body", "x" * made.get("size", 0))
            got = _signed(target, "PUT", made["key"], body=content, content_type=made["type"])
        elif "delete" in step:
            got = _signed(target, "DELETE", step["delete"])
        elif "initiate" in step:
            got = _signed(target, "POST", step["initiate"]["key"], "uploads")
            version = ET.fromstring(got.body).findtext("UploadId") or ""
            if "part" in step["initiate"]:
                query, content = f"partNumber=1&uploadId={version}", step["initiate"]["part"]
                got = _signed(target, "PUT", step["initiate"]["key"], query, body=content)
        else:
            part = "cors" if "cors" in step else "website"
            got = _signed(target, "PUT", "", part, body=step[part])
        assert got.status < 300, got
        if "remember" in step:
            version = dict(got.headers)["x-oss-version-id"]
    return version


def _signed(
    target: Target, method: str, path: str, query: str = "", *, body: str = "", content_type: str = ""
) -> Got:
    headers = {"Content-Type": content_type} if content_type else {}
    _sign(target, method, path, query, headers, "v4")
    return _send(target, (method, path, query), headers, body.encode())


def _sign(target: Target, method: str, key: str, query: str, headers: dict[str, str], kind: str) -> None:
    """Sign by V4; `kind` says what is wrong with the signature."""
    names = {
        "v4-unknown": ("key-none", SECRET),
        "v4-unknown-sts": (TEMPORARY["access_key_id"], TEMPORARY["access_key_secret"]),
        "v4-expired-token": (EXPIRED["access_key_id"], EXPIRED["access_key_secret"]),
        "v4-wrong-secret": (KEY, "wrong"),
    }
    access_key_id, secret = names.get(kind, (KEY, SECRET))
    region = {"v4-region": "cn-shanghai", "v4-empty-region": ""}.get(kind, target.region)
    product = "s3" if kind == "v4-product" else "oss"
    now = time.time() - (8 * 86_400 if kind == "v4-old" else 0)
    if kind == "v4-expired-token":
        headers["x-oss-security-token"] = EXPIRED["security_token"]
    headers["x-oss-content-sha256"] = "UNSIGNED-PAYLOAD"
    if kind != "v4-no-date":
        headers["x-oss-date"] = _stamp(now)
    lower = {name.lower(): value for name, value in headers.items()}
    names_signed = [n for n in lower if n.startswith("x-oss-") or n in {"content-type", "content-md5"}]
    lines = "".join(f"{name}:{lower[name]}\n" for name in sorted(names_signed))
    resource = quote(f"/{target.bucket}/{key}", safe="/~")
    canonical = f"{method}\n{resource}\n{_canonical(_pairs(query))}\n{lines}\n\nUNSIGNED-PAYLOAD"
    scope = f"{_stamp(now)[:8]}/{region}/{product}/aliyun_v4_request"
    signature = _v4(secret, scope, _stamp(now), canonical)
    headers["Authorization"] = f"OSS4-HMAC-SHA256 Credential={access_key_id}/{scope},Signature={signature}"


def _presigned(target: Target, method: str, key: str, now: float) -> str:
    scope = f"{_stamp(now)[:8]}/{target.region}/oss/aliyun_v4_request"
    pairs = [
        ("x-oss-credential", f"{KEY}/{scope}"),
        ("x-oss-date", _stamp(now)),
        ("x-oss-expires", "60"),
        ("x-oss-signature-version", "OSS4-HMAC-SHA256"),
    ]
    resource = quote(f"/{target.bucket}/{key}", safe="/~")
    canonical = f"{method}\n{resource}\n{_canonical(pairs)}\n\n\nUNSIGNED-PAYLOAD"
    return f"{_canonical(pairs)}&x-oss-signature={_v4(SECRET, scope, _stamp(now), canonical)}"


def _v4(secret: str, scope: str, stamp: str, canonical: str) -> str:
    text = f"OSS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = signing_key(secret, *scope.split("/")[:2])
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _form(target: Target, replay: Mapping[str, Any], callback_url: str) -> tuple[bytes, str]:
    """The body and the Content-Type of a form that is signed as the record says."""
    fields, now = dict(replay["form"]), time.time()
    conditions = [{"bucket": target.bucket}, ["starts-with", "$key", ""], *replay.get("conditions", [])]
    scope = f"{_stamp(now)[:8]}/{target.region}/oss/aliyun_v4_request"
    if "callback" in replay:
        parameter = {"callbackUrl": callback_url, "callbackBody": "bucket=${bucket}&object=${object}"}
        fields["callback"] = _base64(parameter)
        conditions.append({"callback": fields["callback"]})
    if replay["auth"] == "formv1":
        fields["OSSAccessKeyId"] = KEY
    else:
        own = {
            "x-oss-signature-version": "OSS4-HMAC-SHA256",
            "x-oss-credential": f"{KEY}/{scope}",
            "x-oss-date": _stamp(now),
        }
        fields |= own
        conditions += [{name: value} for name, value in own.items()]
    expiration = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now + 300))
    policy = fields["policy"] = _base64({"expiration": expiration, "conditions": conditions})
    if replay["auth"] == "formv1":
        mac = hmac.new(SECRET.encode(), policy.encode(), hashlib.sha1)
        fields["Signature"] = base64.b64encode(mac.digest()).decode()
    else:
        key = signing_key(SECRET, _stamp(now)[:8], target.region)
        fields["x-oss-signature"] = hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()
    fields.pop(replay.get("leave_out", ""), None)
    return _multipart(fields, replay)


def _multipart(fields: Mapping[str, str], replay: Mapping[str, Any]) -> tuple[bytes, str]:
    mark = "9431149156168"
    parts = [f'Content-Disposition: form-data; name="{n}"\r\n\r\n{v}' for n, v in fields.items()]
    lines = ['Content-Disposition: form-data; name="file"; filename="a.jpg"', "Content-Type: image/jpeg"]
    if replay.get("type_first"):
        lines.reverse()
    file = "\r\n".join(lines) + "\r\n\r\n" + replay["file"]
    ordered = [file, *parts] if replay.get("file_first") else [*parts, file]
    body = "".join(f"--{mark}\r\n{part}\r\n" for part in ordered) + f"--{mark}--\r\n"
    return body.encode(), f"multipart/form-data; boundary={mark}"


def _answer_callbacks(callbacks: CallbackServer, status: int, type: str, body: str) -> None:  # noqa: A002 - of JSON
    def answering(handler: Any, _: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    callbacks.answering = answering


def _send(
    target: Target,
    asked: tuple[str, str, str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    host: str | None = None,
    chunked: bool = False,
) -> Got:
    method, path, query = asked
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
    url = "/" + quote(path, safe="/~") + (f"?{query}" if query else "")
    connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", host or f"{target.bucket}.oss-{target.region}.aliyuncs.com")
    for name, value in headers.items():
        connection.putheader(name, value)
    if chunked:
        connection.putheader("Transfer-Encoding", "chunked")
    elif method in {"PUT", "POST", "DELETE"}:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    if chunked:
        connection.send((b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n")
    elif body:
        connection.send(body)
    answer = connection.getresponse()
    got = Got(answer.status, tuple(answer.headers.items()), answer.read().decode())
    connection.close()
    return got


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = (item.partition("=") for item in query.split("&") if item)
    return [(unquote_plus(name), unquote_plus(value)) for name, _, value in parts]


def _canonical(pairs: Sequence[tuple[str, str]]) -> str:
    encoded = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in pairs)
    return "&".join(f"{name}={value}" if value else name for name, value in encoded)


def _base64(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def _stamp(seconds: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))
