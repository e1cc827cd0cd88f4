"""Our signatures equal those of Alibaba Cloud's own code, for thousands of random requests and policies."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

import alibabacloud_oss_v2 as oss_v2
import oss2
from alibabacloud_oss_v2.signer import SignerV4
from alibabacloud_oss_v2.types import HttpRequest, SigningContext
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hypothesis_settings import MANY
from vendored import oss_signing

POLICIES = 3000
FIRST, LAST = (int(datetime(year, 1, 1, tzinfo=timezone.utc).timestamp()) for year in (2001, 2099))
# what keys and values are made of that signers disagree about
AWKWARD = st.text(st.sampled_from(list("ab/+ %&=~*'()!#?:;,@$|-_.é字😀\u00a0")), max_size=20)
PRINTED = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20).map(str.strip)
LETTERS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=40)
HEADERS = ("x-oss-meta-a", "x-oss-object-acl", "content-type", "content-md5", "range")


class Asked(NamedTuple):
    """A request, its AccessKey and its time, `at`, in epoch seconds; `query` and `headers` are unencoded."""

    method: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    secret: str
    token: str
    at: int
    region: str


REQUESTS = st.builds(
    Asked,
    method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]),
    key=st.one_of(AWKWARD, st.text(st.characters(codec="utf-8"), max_size=40)),
    query=st.dictionaries(AWKWARD.filter(bool), AWKWARD, max_size=4),
    headers=st.dictionaries(st.sampled_from(HEADERS), PRINTED),
    secret=LETTERS,
    token=st.one_of(st.just(""), LETTERS.map(lambda letters: f"CAIS+/{letters}==")),
    at=st.integers(FIRST, LAST),
    region=st.sampled_from(["cn-hangzhou", "cn-beijing", "ap-southeast-1", "us-west-1"]),
)


def ours(asked: Asked, sent: Mapping[str, str]) -> str:
    """Sign with the headers that the official code sends."""
    headers = {name: value for name, value in sent.items() if name.lower() != "authorization"}
    date = headers["x-oss-date"]
    canonical = oss_signing.canonical_request(asked.method, "examplebucket", asked.key, asked.query, headers)
    key = oss_signing.signing_key(asked.secret, date[:8], asked.region)
    return oss_signing.signature_v4(oss_signing.string_to_sign(canonical, date, asked.region), key)


def theirs(sent: Mapping[str, str]) -> str:
    return sent["authorization"].rpartition("Signature=")[2]


@MANY
@given(asked=REQUESTS)
def test_a_request_is_signed_as_the_new_sdk_signs_it(asked: Asked) -> None:
    pairs = (f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in asked.query.items())
    address = f"https://examplebucket.oss.example/?{'&'.join(pairs)}"
    request = HttpRequest(asked.method, address, headers=oss2.http.CaseInsensitiveDict(asked.headers))
    SignerV4().sign(
        SigningContext(
            product="oss",
            region=asked.region,
            bucket="examplebucket",
            key=asked.key,
            request=request,
            credentials=oss_v2.credentials.Credentials("id", asked.secret, asked.token or None),
            signing_time=datetime.fromtimestamp(asked.at, timezone.utc),
        )
    )
    assert oss_signing.utc_stamp(asked.at) == request.headers["x-oss-date"]
    assert ours(asked, request.headers) == theirs(request.headers)


@MANY
@given(asked=REQUESTS)
def test_a_request_is_signed_as_the_older_sdk_signs_it(asked: Asked) -> None:
    """This SDK signs the query unencoded, so these requests have none."""
    asked = asked._replace(query={})
    headers = oss2.http.CaseInsensitiveDict(asked.headers)
    request: Any = SimpleNamespace(
        method=asked.method, headers=headers, params={}, region=asked.region, product="oss", cloudbox_id=None
    )
    provider = oss2.StaticCredentialsProvider("id", asked.secret, asked.token)
    oss2.ProviderAuthV4(provider)._sign_request(request, "examplebucket", asked.key)
    assert ours(asked, headers) == theirs(headers)


def policy(dice: random.Random) -> dict[str, Any]:
    """Return a policy with conditions like ours, and with others."""
    names = ("key", "bucket", "x-oss-meta-a", "callback", "content-disposition", "x-oss-security-token")

    def word() -> str:
        return "".join(dice.choices('ab/+ %&=~"\\é字😀\u00a0\n${}', k=dice.randrange(12)))

    conditions: list[object] = [{dice.choice(names): word()} for _ in range(dice.randrange(6))]
    conditions += [["starts-with", f"${dice.choice(names)}", word()] for _ in range(dice.randrange(3))]
    conditions += [["content-length-range", dice.randrange(10), dice.randrange(10**10)]]
    return {"expiration": "2027-01-15T08:00:00.000Z", "conditions": conditions}


def test_policies_are_signed_as_the_javascript_sdk_signs_them() -> None:
    dice = random.Random(1)
    asked: list[dict[str, Any]] = [
        {
            "secret": "".join(dice.choices("abcXYZ019", k=dice.randrange(1, 40))),
            "region": dice.choice(["cn-hangzhou", "ap-southeast-1"]),
            "at": dice.randrange(10**9, 4 * 10**9) * 1000,
            "policy": policy(dice),
        }
        for _ in range(POLICIES)
    ]
    told = subprocess.run(
        ["node", str(Path(__file__).parent / "ali_oss_signatures.mjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for one, signed in zip(asked, json.loads(told), strict=True):
        day = oss_signing.utc_stamp(one["at"] / 1000)[:8]
        assert oss_signing.sign_policy_v1(signed["sent"], one["secret"]) == signed["v1"]
        assert oss_signing.sign_policy_v4(signed["sent"], one["secret"], day, one["region"]) == signed["v4"]
