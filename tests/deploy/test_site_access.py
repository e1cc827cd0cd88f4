"""Who may read the page: everybody where it has a domain, and otherwise nobody."""

from __future__ import annotations

import json

import pytest

from deploy.aliyun.clients import Cloud
from deploy.errors import CommandError
from deploy.site_bucket import BUILT_PAGE
from tests.support.cloud.commands import ANYONE, SITE, UPLOADS, deploy
from tests.support.cloud.state import ACCOUNT, Refused, State

DOMAIN = "www.example.com"


@pytest.fixture(autouse=True)
def verified(state: State) -> None:
    state.records.add(DOMAIN)


def test_the_site_is_the_built_page_with_the_addresses_of_the_stack(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    built = {path.relative_to(BUILT_PAGE).as_posix() for path in BUILT_PAGE.rglob("*") if path.is_file()}
    assert state.buckets[SITE].keys() == built | {"config.json"}
    config, html = (state.buckets[SITE][name][0] for name in ("config.json", "index.html"))
    assert json.loads(config) == {"tokenUrl": "https://token-abc.cn-hangzhou.fcapp.run/"}
    assert b"connect-src 'self' https://token-abc.cn-hangzhou.fcapp.run " in html


def test_without_a_domain_the_site_is_never_public(cloud: Cloud, state: State) -> None:
    shown: list[str] = []
    deploy(cloud, shown, **ANYONE)
    assert ({SITE, UPLOADS} <= state.public_access_blocked, state.policies) == (True, {})
    assert not any(line.startswith("SiteUrl") for line in shown)
    assert any(line.endswith("make page STACK=uploads REGION=cn-hangzhou") for line in shown)


def test_with_a_domain_everybody_may_read_the_site_and_nobody_list_it(cloud: Cloud, state: State) -> None:
    shown: list[str] = []
    deploy(cloud, shown, **ANYONE, SITE_DOMAIN=DOMAIN)
    statement = {
        "Effect": "Allow",
        "Principal": ["*"],
        "Action": ["oss:GetObject"],
        "Resource": [f"acs:oss:*:{ACCOUNT}:{SITE}/*"],
    }
    assert json.loads(state.policies[SITE]) == {"Version": "1", "Statement": [statement]}
    assert state.public_access_blocked >= {UPLOADS}
    assert f"SiteUrl     https://{DOMAIN}" in shown


def test_a_site_whose_domain_is_removed_is_private_again(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, SITE_DOMAIN=DOMAIN)
    deploy(cloud, SITE_DOMAIN="")
    assert (SITE in state.public_access_blocked, state.policies) == (True, {})


def test_a_public_policy_that_is_refused_costs_the_page_and_not_the_stack(cloud: Cloud, state: State) -> None:
    """As where Block Public Access of the account was switched on after the checks of the deploy."""
    refused = Refused(403, "AccessDenied", "Put public bucket policy is not allowed")
    state.refusals[f"PUT {SITE}/"] = [refused]
    shown: list[str] = []
    with pytest.raises(CommandError) as found:
        deploy(cloud, shown, **ANYONE, SITE_DOMAIN=DOMAIN)
    assert str(found.value) == (
        "Nobody can read the page (AccessDenied: Put public bucket policy is not allowed). If Block Public "
        "Access is on for the whole account, switch it off in the OSS console and run this again; or leave "
        "it on, and put a CDN in front of the private bucket, as docs/domains.md says. Without a domain "
        "(SITE_DOMAIN=) the page stays private, and make page serves it."
    )
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]
    assert "index.html" in state.buckets[SITE]
    assert "TokenUrl    https://token-abc.cn-hangzhou.fcapp.run" in shown
    deploy(cloud)
    assert SITE in state.policies


def test_a_step_that_oss_does_not_answer_is_no_refusal(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE, SITE_DOMAIN=DOMAIN)
    state.lost[f"PUT {SITE}/"] = ["before"] * 99
    with pytest.raises(Exception, match="request error"):
        deploy(cloud)
    state.lost.clear()
    state.refusals[f"DELETE {SITE}/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(Exception, match="not you"):
        deploy(cloud, SITE_DOMAIN="")
    assert SITE in state.public_access_blocked
