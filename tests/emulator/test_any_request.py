"""Whatever a signed request asks for, it gets one of OSS's answers, and the folder stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from oss_emulator.auth import v4
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import BUCKET, DATE, DAY, REGION, Scene, Seen, signing_key
from tests.support.emulator.signed_requests import ask
from tests.support.hypothesis_settings import MANY
from tests.support.random_inputs import STRANGE, torn

# None of these is a refusal of OSS: 500 is a fault of ours, 5xx come from faults that a test sets.
ANSWERS = {200, 203, 204, 206, 304, 400, 403, 404, 405, 409, 411, 412, 416}
KEPT = {"index.sqlite", "index.sqlite-shm", "index.sqlite-wal", "objects"}
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH")
PATHS = (
    "/",
    "/kept.txt",
    "/new.txt",
    "/a%2Fb",
    "/%2e%2e/x",
    "/" + "k" * 1023,
    f"/{BUCKET}/kept.txt",
    "/other/x",
)
ID = "UPLOAD"  # stands for the id of an upload that has begun
QUERIES = (
    "",
    "uploads",
    f"uploadId={ID}",
    f"partNumber=1&uploadId={ID}",
    f"uploadId={ID}&max-parts=2&part-number-marker=1&encoding-type=url",
    "uploads&max-uploads=1&key-marker=a&upload-id-marker=b&prefix=n&delimiter=/",
    "delete",
    "acl",
    "tagging",
    "versions&max-keys=2&key-marker=a&version-id-marker=null",
    "versionId=null",
    "list-type=2&max-keys=3&start-after=a&continuation-token=b&fetch-owner=true",
    "prefix=k&delimiter=/&marker=a&max-keys=2&encoding-type=url",
    "cors",
    "lifecycle",
    "website",
    "versioning",
    "bucketInfo",
    "x-oss-process=image/resize,w_1",
    "append&position=0",
    "callback=eyJjYWxsYmFja1VybCI6IngifQ%3D%3D",
    "response-content-type=text/html",
)
HEADERS = {
    "range": ("bytes=0-1", "bytes=-1", "bytes=1-", "bytes=0-0,2-3", "bytes=99999999999999999999-"),
    "x-oss-copy-source": (f"/{BUCKET}/kept.txt", f"/{BUCKET}/kept.txt?versionId=null", "/other/kept.txt"),
    "x-oss-copy-source-range": ("bytes=0-1", "bytes=5-1"),
    "x-oss-copy-source-if-match": ('"5D41402ABC4B2A76B9719D911017C592"', "*"),
    "x-oss-copy-source-if-modified-since": ("Fri, 13 Nov 2026 14:47:53 GMT",),
    "x-oss-metadata-directive": ("COPY", "REPLACE"),
    "x-oss-tagging": ("a=b", "a=b&c=d%20e", "%zz=1", "a&a"),
    "x-oss-tagging-directive": ("Copy", "Replace"),
    "x-oss-object-acl": ("private", "public-read"),
    "x-oss-acl": ("private",),
    "x-oss-complete-all": ("yes",),
    "x-oss-forbid-overwrite": ("true", "false"),
    "x-oss-callback": ("eyJjYWxsYmFja1VybCI6IngifQ==",),
    "x-oss-callback-var": ("e30=",),
    "x-oss-storage-class": ("IA",),
    "x-oss-meta-a": ("b",),
    "x-oss-traffic-limit": ("819200",),
    "content-md5": ("XUFAKrxLKna5cZ2REBfFkg==",),
    "content-type": ("application/xml", "text/plain"),
    "if-match": ('"5D41402ABC4B2A76B9719D911017C592"',),
    "if-modified-since": ("Fri, 13 Nov 2026 14:47:53 GMT",),
    "transfer-encoding": ("chunked",),
    "origin": ("http://127.0.0.1:8080", "null"),
}
PART = '<Part><PartNumber>1</PartNumber><ETag>"5D41402ABC4B2A76B9719D911017C592"</ETag></Part>'
CORS_RULE = "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>PUT</AllowedMethod></CORSRule>"
EXPIRY = "<Rule><Prefix>b</Prefix><Status>Enabled</Status><Expiration><Days>1</Days></Expiration></Rule>"
DOCUMENTS = (
    "",
    "hello",
    f"<CompleteMultipartUpload>{PART}</CompleteMultipartUpload>",
    f"<CompleteMultipartUpload>{PART.replace('>1<', '>' + '9' * 5000 + '<')}</CompleteMultipartUpload>",
    "<Delete><Quiet>false</Quiet><Object><Key>new.txt</Key><VersionId>null</VersionId></Object></Delete>",
    "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
    f"<CORSConfiguration>{CORS_RULE}</CORSConfiguration>",
    "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
    f"<LifecycleConfiguration>{EXPIRY}</LifecycleConfiguration>",
    '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;&b;">]><Delete>&d;</Delete>',
    "<a>" * 3000,
    '<?xml version="1.0" encoding="UTF-16"?><Delete/>',
)

mixed_header = st.sampled_from(sorted(HEADERS)).flatmap(
    lambda name: st.tuples(st.just(name), st.one_of(st.sampled_from(HEADERS[name]), torn(*HEADERS[name])))
)
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(METHODS),
        "path": st.one_of(st.sampled_from(PATHS), torn(*PATHS)),
        "query": st.one_of(st.sampled_from(QUERIES), torn(*QUERIES)),
        "headers": st.lists(mixed_header, max_size=3).map(dict),
        "body": st.one_of(st.sampled_from(DOCUMENTS), torn(*DOCUMENTS)),
    }
)


class Attacked:
    """A bucket with an object and an upload that has begun."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        self.folder = folder
        self.begin()

    def begin(self) -> None:
        """Store the object, and begin an upload with one part."""
        assert ask(self.scene, "PUT", "/kept.txt", "hello", content_length="5").status == 200
        begun = ask(self.scene, "POST", "/new.txt?uploads")
        self.upload = ET.fromstring(begun.body).findtext("UploadId", "")
        part = f"/new.txt?partNumber=1&uploadId={self.upload}"
        assert ask(self.scene, "PUT", part, "hello", content_length="5").status == 200

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Seen:
        """Send a request that is signed as the emulator understands it, so that it is read further."""
        path, _, query = target.partition("?")
        key = unquote_plus(path.removeprefix("/"), errors="replace").removeprefix(f"{BUCKET}/")
        sent = {"x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", **headers}
        canonical = canonical_request(method, f"/{BUCKET}/{key}", query, sent, [])
        text = string_to_sign(canonical, DATE, v4.Scope("", DAY, REGION, "oss", "aliyun_v4_request"))
        signature = v4.sign(signing_key("SKEXAMPLE"), text)
        scope = f"AKEXAMPLE/{DAY}/{REGION}/oss/aliyun_v4_request"
        sent["Authorization"] = f"OSS4-HMAC-SHA256 Credential={scope},Signature={signature}"
        return self.scene.request(method, target, sent, body)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    made = Attacked(tmp_path_factory.mktemp("attacked"))
    yield made
    made.scene.bucket.buckets.close()


def sendable(text: str) -> str:
    """Return a text as the web server would let it through: without line ends and half characters."""
    return re.sub("[\r\n\0]", "", text).encode(errors="replace").decode()


@MANY
@given(request=REQUESTS)
@example(request={"method": "POST", "path": "/", "query": "delete", "headers": {}, "body": "<Delete>\ud800"})
def test_any_signed_request_gets_an_answer_of_oss(attacked: Attacked, request: dict[str, object]) -> None:
    query = str(request["query"]).replace(ID, attacked.upload)
    target = sendable(f"{request['path']}?{query}" if query else str(request["path"])).replace(" ", "%20")
    headers = {name: sendable(value) for name, value in dict(request["headers"]).items()}  # type: ignore[call-overload]
    body = str(request["body"]).encode(errors="replace")
    if "transfer-encoding" not in headers:
        headers["content-length"] = str(len(body))
    answer = attacked.send(str(request["method"]), target, headers, body)
    assert answer.status in ANSWERS, (request, answer.body)
    if answer.status >= 400 and answer.headers["Content-Type"] == "application/xml":
        assert answer.error["Code"]
    assert {one.name for one in attacked.folder.iterdir()} <= KEPT
    if ask(attacked.scene, "HEAD", "/kept.txt").status != 200 or attacked.upload not in uploads(attacked):
        attacked.begin()  # a request may well delete, abort or complete


def uploads(attacked: Attacked) -> str:
    return ask(attacked.scene, "GET", "/?uploads").body.decode()


@pytest.mark.parametrize(
    "document",
    [
        "<CompleteMultipartUpload>" + PART * 10_000 + "</CompleteMultipartUpload>",
        "<CompleteMultipartUpload>" + "<Part>" * 100_000,
        "<Delete>" + "<Object><Key>k</Key></Object>" * 70_000 + "</Delete>",
        "<Tagging>" + "&amp;" * 400_000 + "</Tagging>",
        "<Delete " + " ".join(f'a{number}="b"' for number in range(100_000)) + "/>",
    ],
    ids=["ten thousand parts", "never closed", "too many keys", "long text", "attributes"],
)
@pytest.mark.parametrize(
    "target", ["/new.txt?uploadId=", "/?delete", "/kept.txt?tagging", "/?cors", "/?lifecycle"]
)
def test_a_document_of_two_megabytes_is_refused(attacked: Attacked, document: str, target: str) -> None:
    body = document[: 2 * 1024**2 - 1].encode()
    method = "PUT" if "tagging" in target or "c" in target[2:3] or "lifecycle" in target else "POST"
    whole = target + attacked.upload if target.endswith("uploadId=") else target
    headers = {"content-length": str(len(body)), "content-type": "application/xml"}
    assert 400 <= attacked.send(method, whole, headers, body).status < 500


@pytest.mark.parametrize("text", STRANGE[:9])
def test_no_strange_text_is_a_part_number(attacked: Attacked, text: str) -> None:
    target = f"/new.txt?partNumber={text}&uploadId={attacked.upload}"
    assert attacked.send("PUT", sendable(target), {"content-length": "1"}, b"x").status in {400, 404}
