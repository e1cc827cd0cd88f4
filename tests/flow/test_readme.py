"""What docs/how-it-works.md shows is what happens. (Its stand-in alone: test_readme_stand_in.py.)"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.readme import blocks, both, localized, shell
from tests.support.stack import Stack


@pytest.mark.parametrize("readme", both("how-it-works"))
def test_the_curl_commands_upload_a_file(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "grant.json" in block]
    answer = json.loads(shell(localized(script, stack), tmp_path))
    (shown,) = [one for one in map(json.loads, blocks(readme, "json")) if "Status" in one]
    assert answer.keys() == shown.keys()
    assert {name: answer[name] for name in ("Status", "size", "etag", "type", "name")} == {
        name: shown[name] for name in ("Status", "size", "etag", "type", "name")
    }


@pytest.mark.parametrize("readme", both("how-it-works"))
def test_the_fault_command_sets_a_fault(readme: str, stack: Stack, tmp_path: Path) -> None:
    (script,) = [block for block in blocks(readme, "sh") if "callback_down" in block]
    shell(localized(script, stack), tmp_path)
    assert stack.http.get(f"{stack.upload}/-/faults", timeout=5).json() != []
    stack.clear_faults()


def decoded(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def condition_names(policy: Any) -> list[str]:
    return [one[0] if isinstance(one, list) else next(iter(one)) for one in policy["conditions"]]


@pytest.mark.parametrize("readme", both("how-it-works"))
def test_the_recorded_upload_has_the_members_of_a_real_one(readme: str, stack: Stack) -> None:
    grant, policy, callback, ticket, answer = map(json.loads, blocks(readme, "json"))
    real = stack.grant("hello.txt", 5, "text/plain")
    assert (list(grant), list(grant["fields"])) == (list(real), list(real["fields"]))
    assert grant["expires_in"] == real["expires_in"]
    fields = {name: decoded(real["fields"][name]) for name in ("policy", "callback")}
    assert list(policy) == list(fields["policy"])
    assert condition_names(policy) == condition_names(fields["policy"])
    assert list(callback) == list(fields["callback"])
    _, _, sent = callback["callbackBody"].partition("&")
    assert fields["callback"]["callbackBody"].endswith(f"&{sent}")
    assert list(ticket) == list(decoded(real["ticket"].partition(".")[0]))
    assert list(answer) == list(stack.send(real, b"hello").json())


@pytest.mark.parametrize("readme", both("operate"))
def test_the_log_lines_have_the_members_of_real_ones(readme: str, stack: Stack) -> None:
    grant = stack.grant("hello.txt", 5, "text/plain")
    stack.send(grant, b"hello")
    forged = f"{grant['ticket'][:-4]}AAAA"
    stack.http.post(grant["confirm"], json={"ticket": forged}, timeout=10)
    for shown in map(json.loads, blocks(readme, "json")):
        mark = f'"code": "{shown["code"]}"' if "code" in shown else f'"event": "{shown["event"]}"'
        logged = json.loads(stack.line_with(mark).partition("|")[2])
        assert list(logged) == list(shown)
        assert logged["level"] == shown["level"]
