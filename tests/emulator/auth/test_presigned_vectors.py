"""Every presigned address of the vectors, as published and with each signed part changed, by whole requests.

The time of each is its vector's.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from oss_emulator.auth import v4
from oss_emulator.auth.credentials import Credential
from oss_emulator.auth.header_signature import canonical_request, string_to_sign
from tests.support.emulator.scene import NOW, Scene, Seen

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parents[2] / "vectors" / "presigned_v4.json").read_text())[
        "v4_presigned"
    ]
}
CLOUD_BOX = "query_cloud_box_default_and_absent_dropped"  # its product, oss-cloudbox, is not emulated
MISMATCH = (403, "SignatureDoesNotMatch", "0002-00000201")

# The parameters whose change is refused before the signature is compared, and how.
EARLIER: Mapping[str, tuple[int, str, str]] = {
    "x-oss-signature-version": (400, "InvalidArgument", "0002-00000066"),
    "x-oss-credential id": (403, "InvalidAccessKeyId", "0002-00000902"),
    "x-oss-credential day": (400, "InvalidArgument", "0002-00000223"),
    "x-oss-credential region": (400, "InvalidArgument", "0002-00000226"),
    "x-oss-credential product": (400, "InvalidArgument", "0002-00000227"),
    "x-oss-credential terminator": (400, "InvalidArgument", "0002-00000224"),
    "x-oss-security-token": (403, "InvalidSecurityToken", "0002-00000006"),
}
SCOPE_PARTS = ("id", "day", "region", "product", "terminator")

vectors = pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
EMULATED = {name: vector for name, vector in VECTORS.items() if name != CLOUD_BOX}
emulated = pytest.mark.parametrize("vector", EMULATED.values(), ids=EMULATED)


class Sent:
    """The request of a vector, to be changed and sent."""

    def __init__(self, vector: Mapping[str, Any]) -> None:
        parts = urlsplit(vector["url"])
        self.bucket = vector["bucket"]
        self.method, self.path, self.query = vector["method"], parts.path, parts.query.split("&")
        self.headers = {name.lower(): value for name, value in vector["headers"].items()}
        self.host = parts.netloc

    def to(self, scene: Scene, vector: Mapping[str, Any]) -> Seen:
        key = Credential(vector["access_key_id"], vector["secret"], vector["security_token"] or "")
        scene.set(bucket=self.bucket, region=vector["region"], credentials=(key,))
        scene.bucket.buckets.create(self.bucket, acl="private", now=NOW)
        scene.bucket = scene.bucket.named(self.bucket)
        started = v4.parse_date(vector["date"])
        assert started
        scene.now = started
        headers = {"host": self.host, **self.headers}
        if self.method == "PUT":
            headers.setdefault("content-length", "5")
        return scene.request(self.method, f"{self.path}?{'&'.join(self.query)}", headers, b"hello")


def changed(vector: Mapping[str, Any]) -> Iterator[tuple[str, Sent, tuple[int, str, str]]]:
    """Return what was changed, the request with that one change, and its refusal."""
    for method in {"GET", "PUT", "POST", "DELETE", "HEAD"} - {vector["method"], "POST"}:
        yield _changed(vector, method, method=method)
    yield _changed(vector, "key", path=f"{urlsplit(vector['url']).path}x")
    other = f"{vector['bucket']}2"
    host = urlsplit(vector["url"]).netloc.replace(vector["bucket"], other, 1)
    yield _changed(vector, "bucket", bucket=other, host=host)
    query = urlsplit(vector["url"]).query.split("&")
    yield _changed(vector, "one more parameter", query=[*query, "versionId=null"])
    for place, item in enumerate(query):
        for what, refusal, value in _other_values(item):
            yield _changed(vector, what, refusal, query=[*query[:place], value, *query[place + 1 :]])
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    for name in vector["signed_headers"]:
        yield _changed(vector, name, headers={**headers, name: headers[name] + "x"})
    for name in ("x-oss-meta-added", "content-type", "content-md5"):
        if name not in headers:
            yield _changed(vector, f"added {name}", headers={**headers, name: "1"})


def _changed(
    vector: Mapping[str, Any], what: str, refusal: tuple[int, str, str] = MISMATCH, **changes: Any
) -> tuple[str, Sent, tuple[int, str, str]]:
    sent = Sent(vector)
    vars(sent).update(changes)
    return what, sent, refusal


def _other_values(item: str) -> Iterator[tuple[str, tuple[int, str, str], str]]:
    """Return a parameter with other values: one, or one for each part of a credential."""
    name, _, value = item.partition("=")
    value = unquote(value)
    if name == "x-oss-credential":
        for place, part in enumerate(SCOPE_PARTS):
            parts = value.split("/")
            parts[place] += "x" if part != "day" else ""
            parts[place] = "20200101" if part == "day" else parts[place]
            what = f"{name} {part}"
            yield what, EARLIER[what], f"{name}={quote('/'.join(parts), safe='')}"
    elif name == "x-oss-date":
        yield name, MISMATCH, f"{name}={value[:-2]}{(int(value[-2]) + 1) % 10}Z"
    elif name == "x-oss-expires":
        yield name, MISMATCH, f"{name}={int(value) + 1}"
    elif name == "x-oss-signature":
        yield name, MISMATCH, f"{name}={'0' * 64}"
    elif name == "x-oss-additional-headers":
        yield name, MISMATCH, f"{name}=host"
    elif name == "uploads":
        yield name, MISMATCH, f"{name}=1"
    else:
        yield name, EARLIER.get(name, MISMATCH), f"{name}={quote(value + '1', safe='')}"


@vectors
def test_each_stage_is_that_of_the_vectors(vector: dict[str, Any]) -> None:
    query = "&".join(urlsplit(vector["url"]).query.split("&")[:-1])
    names = [name.lower() for name in vector["additional_headers"]]
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    additional = [name for name in names if name in headers and not name.startswith("x-oss-")]
    scope = v4.Scope(
        vector["access_key_id"], vector["date"][:8], vector["region"], vector["product"], v4.TERMINATOR
    )
    resource = f"/{vector['bucket']}/{vector['key']}"

    canonical = canonical_request(vector["method"], resource, query, headers, additional)
    text = string_to_sign(canonical, vector["date"], scope)

    assert (canonical, text) == (vector["canonical_request"], vector["string_to_sign"])
    assert v4.sign(v4.signing_key(vector["secret"], scope), text) == vector["signature"]


@emulated
def test_the_address_of_each_vector_is_accepted(scene: Scene, vector: dict[str, Any]) -> None:
    answer = Sent(vector).to(scene, vector)

    # Most of them name an upload that is not there. The EC of a wrong signature begins with 0002.
    ec = answer.error.get("EC", "") if answer.status >= 400 else ""
    assert answer.status != 403
    assert not ec.startswith("0002")


def test_an_address_for_a_cloud_box_is_refused_by_its_product(scene: Scene) -> None:
    sent = Sent(VECTORS[CLOUD_BOX])
    sent.host = "oss.example"  # its own host names no bucket of this region

    assert sent.to(scene, VECTORS[CLOUD_BOX]).refusal == (400, "InvalidArgument", "0002-00000227")


@emulated
def test_no_signed_part_of_a_vector_can_be_changed(scene: Scene, vector: dict[str, Any]) -> None:
    tried = [(what, sent.to(scene, vector).refusal, refusal) for what, sent, refusal in changed(vector)]

    assert [one for one in tried if one[1] != one[2]] == []
    assert len(tried) > len(SCOPE_PARTS) + len(vector["query"]) + len(vector["signed_headers"])
