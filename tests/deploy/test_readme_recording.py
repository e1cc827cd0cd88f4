"""The recordings of a deploy in both READMEs are what a deploy shows."""

from __future__ import annotations

import re

import pytest

from deploy.aliyun.clients import Cloud
from deploy.function_zip import REPOSITORY
from tests.support.cloud.commands import ANYONE, deploy
from tests.support.cloud.state import State


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_recording_is_what_a_deploy_shows(cloud: Cloud, state: State, readme: str) -> None:
    shown: list[str] = []

    def ask(question: str) -> str:
        shown.append(f"{question}yes")
        return "yes"

    deploy(cloud, shown, ask, **ANYONE, YES="0")
    recorded = re.sub(r"-[0-9a-f]{64}\.zip", "-….zip", "\n".join(shown))
    assert f"```\n{recorded}\n```\n" in (REPOSITORY / readme).read_text(encoding="utf-8")
    assert state.writes
