"""The recordings of deploys in the documents are what deploys show: one stack, from the first to a domain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.aliyun.clients import Cloud, connect_region
from deploy.errors import CommandError
from tests.support.cloud.commands import ANYONE, CODE, connected, deploy
from tests.support.cloud.server import serving_publicly
from tests.support.cloud.state import INTERNAL, State
from tests.support.readme import both, text_of

DOMAIN = {"SITE_DOMAIN": "www.example.com", "SITE_CERTIFICATE": "12345-cn-hangzhou"}
UPLOADS = {"UPLOAD_DOMAIN": "up.example.com", "UPLOAD_CERTIFICATE": "12345-cn-hangzhou"}


@pytest.fixture
def hong_kong(no_waiting: None, quick_packages: None) -> Iterator[tuple[Cloud, State]]:  # noqa: ARG001 - for what they do
    state = State("cn-hongkong")
    with connected(state) as cloud:
        yield cloud, state


class Owner(list[str]):
    """The lines that a deploy shows to the owner of domains, who makes their records while it waits."""

    def __init__(self, state: State, *domains: str) -> None:
        super().__init__()
        self.state, self.domains = state, domains

    def append(self, line: str) -> None:
        super().append(line)
        if line.startswith("waiting"):
            self.state.records.update(self.domains)


def recorded(cloud: Cloud, shown: list[str] | None = None, /, **settings: str) -> str:
    """Return what a deploy shows, the answer to its question and the sentence that it ends with."""
    shown = [] if shown is None else shown

    def ask(question: str) -> str:
        shown.append(f"{question}yes")
        return "yes"

    try:
        deploy(cloud, shown, ask, **settings, YES="0")
    except CommandError as error:
        shown.append(str(error))
    return re.sub(r"-[0-9a-f]{64}\.zip", "-….zip", "\n".join(shown))


def shortened(recording: str) -> str:
    """Return a recording without the lines of packages and resources, which another one shows."""
    return re.sub(r"^building .*?(?=^page: )", "…\n", recording, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    ("deploy_page", "domains_page"), list(zip(both("deploy"), both("domains"), strict=True))
)
def test_the_recordings_are_what_deploys_show(
    hong_kong: tuple[Cloud, State], deploy_page: str, domains_page: str
) -> None:
    cloud, state = hong_kong
    first, second = recorded(cloud, **ANYONE), recorded(cloud)
    unverified = recorded(cloud, **DOMAIN)
    state.records.add("www.example.com")
    bound = recorded(cloud, **DOMAIN)
    for page, recordings in ((deploy_page, (first, second)), (domains_page, (unverified, shortened(bound)))):
        for recording in recordings:
            assert f"```\n{recording}\n```\n" in text_of(page)


@pytest.mark.parametrize("readme", both("domains"))
def test_the_recording_of_a_first_deploy_with_a_domain_is_what_it_shows(
    hong_kong: tuple[Cloud, State], readme: str
) -> None:
    cloud, state = hong_kong
    bound = recorded(cloud, Owner(state, "www.example.com"), **ANYONE, **DOMAIN, WAIT="1")
    assert f"```\n{shortened(bound)}\n```\n" in text_of(readme)


@pytest.mark.parametrize("readme", both("domains"))
def test_the_recording_of_a_new_account_that_deploys_from_inside_is_what_it_shows(
    state: State, certificate: Path, readme: str
) -> None:
    state.new_account = True
    with serving_publicly(state, certificate):
        cloud = connect_region("cn-hangzhou", INTERNAL)
        works = recorded(cloud, Owner(state, "up.example.com"), **ANYONE, **UPLOADS, WAIT="1")
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]
    assert f"```\n{shortened(works)}\n```\n" in text_of(readme)


@pytest.mark.parametrize("readme", both("deploy"))
def test_the_recording_of_a_new_account_is_what_its_deploy_shows(
    state: State, certificate: Path, readme: str
) -> None:
    state.new_account = True
    with serving_publicly(state, certificate):
        refused = recorded(connect_region("cn-hangzhou"), **ANYONE)
    assert f"```\n{refused}\n```\n" in text_of(readme)
    assert state.buckets == {CODE: {}}
