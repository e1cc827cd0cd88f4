"""The permit that the documents sign is one that the token function takes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from grants.application import build
from tests.support.fc_events import ask, fc_event
from tests.support.permits import PERMIT_SECRET
from tests.support.stack import REPOSITORY
from tests.support.tickets import document_of


@pytest.mark.parametrize("page", ["docs/permits.md", "docs/permits.zh.md"])
def test_a_permit_of_the_documents_is_taken(page: str, environ: dict[str, str]) -> None:
    marked = r"^<!-- run by tests/token/test_permit_documents.py -->\n```python\n(.*?)^```$"
    (block,) = re.findall(marked, (REPOSITORY / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    module: dict[str, Any] = {}
    exec(compile(block, page, "exec"), module)
    token = module["permit"](PERMIT_SECRET, "alice", "17")
    handler = build({**environ, "ALLOW_ANONYMOUS": "", "PERMIT_SECRET": PERMIT_SECRET})
    query = {"name": "a.png", "size": "5", "type": "image/png"}
    answer = ask(handler, fc_event("/", query, headers={"Authorization": f"Bearer {token}"}))
    assert answer.status == 200, answer.content
    claims = document_of(answer.content["ticket"])
    assert (claims["sub"], claims["data"]) == ("alice", {"order": "17"})
    pdf = fc_event("/", {**query, "type": "application/pdf"}, headers={"Authorization": f"Bearer {token}"})
    assert ask(handler, pdf).code == "type_not_allowed"
