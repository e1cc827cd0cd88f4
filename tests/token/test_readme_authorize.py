"""The documents' example of a rule of one's own decides what it says."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from grants import application
from grants.application import build
from tests.support.fc_events import Answer, ask, fc_event
from vendored.fc_http import Handler

REPOSITORY = Path(__file__).parent.parent.parent
SECRET = "an-identity-secret-of-more-than-32-bytes"


@pytest.fixture(params=["docs/sign-in.md", "docs/sign-in.zh.md"])
def handler(
    request: pytest.FixtureRequest, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Handler:
    text = (REPOSITORY / request.param).read_text()
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (block,) = [one for one in blocks if "sign_in" in one]
    module: dict[str, Any] = {}
    exec(compile(block, request.param, "exec"), module)
    monkeypatch.setattr(application, "authorize", module["authorize"])
    del environ["ALLOW_ANONYMOUS"]
    environ |= {
        "AUTH_HS256_SECRET": SECRET,
        "AUTH_ISSUER": "i",
        "AUTH_AUDIENCE": "a",
        "MAX_BYTES": "30000000",
    }
    return build(environ)


def limits(handler: Handler, **claims: object) -> Answer:
    told = {"iss": "i", "aud": "a", "sub": "alice", "exp": int(time.time()) + 60, **claims}
    bearer = f"Bearer {jwt.encode(told, SECRET)}"
    return ask(handler, fc_event("/limits", headers={"Authorization": bearer}))


def test_says_no_to_who_is_not_in_the_group(handler: Handler) -> None:
    answer = limits(handler, groups=["readers"])
    assert (answer.status, answer.code) == (403, "not_an_uploader")
    for groups in (None, "uploaders", "non-uploaders", {"uploaders": 1}):
        assert limits(handler, groups=groups).code == "not_an_uploader"
    assert limits(handler).code == "not_an_uploader"


def test_narrows_the_limits_of_a_plan(handler: Handler) -> None:
    found = [
        limits(handler, groups=["uploaders"], plan=plan).content["max_bytes"] for plan in ("free", "pro")
    ]
    assert found == [20 * 1024**2, 30_000_000]


def test_keeps_to_what_a_claim_says(handler: Handler) -> None:
    told = limits(handler, groups=["uploaders"], plan="pro", upload={"max_bytes": 7})
    assert told.content["max_bytes"] == 7


def test_still_asks_for_a_token(handler: Handler) -> None:
    assert ask(handler, fc_event("/limits")).code == "token_missing"
