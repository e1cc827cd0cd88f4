"""Which regions a deploy accepts, and the runtime that it chooses there.

The lists are those of Alibaba Cloud's documents in November 2026: OSS "Callback", Function Compute "Supported
regions" and "Python". The names of regions in those documents were translated into ids by OSS "Regions and
endpoints".
"""

from __future__ import annotations

import re

import pytest
from alibabacloud_fc20230330.client import Client as FunctionCompute
from alibabacloud_tea_openapi.utils_models import Config

from deploy.aliyun import regions
from deploy.aliyun.clients import Cloud
from deploy.errors import CommandError
from deploy.function_zip import REPOSITORY, RUNTIMES
from tests.support.cloud.commands import ANYONE, deploy
from tests.support.cloud.packages import quick_package
from tests.support.cloud.state import State

CALLBACKS = [
    *("cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote"),
    *("cn-wulanchabu", "cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong"),
    *("us-west-1", "us-east-1", "ap-northeast-1", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5"),
    *("ap-southeast-6", "eu-central-1", "eu-west-1", "me-east-1"),
]
# the ids of: Hangzhou, Shanghai, Qingdao, Beijing, Zhangjiakou, Hohhot, Shenzhen, Chengdu, Hong Kong, Tokyo,
# Bangkok, Seoul, Frankfurt, London, Virginia, Silicon Valley
PYTHON_3_12 = [
    *("cn-hangzhou", "cn-shanghai", "cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote"),
    *("cn-shenzhen", "cn-chengdu", "cn-hongkong", "ap-northeast-1", "ap-southeast-7", "ap-northeast-2"),
    *("eu-central-1", "eu-west-1", "us-east-1", "us-west-1"),
]


def regions_of_the_sdk() -> set[str]:
    """Return the regions for which Function Compute's SDK has an endpoint of version 3.0."""
    client = FunctionCompute(Config(access_key_id="x", access_key_secret="x", region_id="cn-hangzhou"))
    return {region for region, host in client._endpoint_map.items() if host.startswith("fcv3.")}


def usable(region: str) -> bool:
    return region in CALLBACKS and region in regions_of_the_sdk()


@pytest.mark.parametrize("region", CALLBACKS)
def test_a_region_is_accepted_if_it_has_callbacks_and_function_compute_3(region: str) -> None:
    assert (regions.reason_against(region) is None) == usable(region)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("region", [one for one in CALLBACKS if usable(one)])
def test_a_runtime_is_accepted_where_it_is(region: str, runtime: str) -> None:
    has_it = runtime == "python3.10" or region in PYTHON_3_12
    assert (regions.reason_against(region, runtime) is None) == has_it


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("cn-nowhere", "OSS does not call back from 'cn-nowhere': choose one of cn-hangzhou, "),
        ("ap-southeast-7", "OSS does not call back from 'ap-southeast-7': choose one of cn-hangzhou, "),
        ("cn-guangzhou", "Function Compute 3.0 is not in cn-guangzhou: choose one of cn-hangzhou, "),
        ("cn-heyuan", "Function Compute 3.0 is not in cn-heyuan: choose one of cn-hangzhou, "),
        ("ap-southeast-6", "Function Compute 3.0 is not in ap-southeast-6: choose one of cn-hangzhou, "),
        ("me-east-1", "Function Compute 3.0 is not in me-east-1: choose one of cn-hangzhou, "),
    ],
)
def test_another_region_is_refused_before_anything_is_asked(
    cloud: Cloud, state: State, region: str, said: str
) -> None:
    with pytest.raises(CommandError, match=f"^{re.escape(said)}") as refused:
        deploy(cloud, **ANYONE, REGION=region)
    choice = str(refused.value).partition("choose one of ")[2]
    assert choice == f"{', '.join(filter(usable, CALLBACKS))}."
    assert state.asked == []


@pytest.mark.parametrize("region", ["cn-wulanchabu", "ap-southeast-1", "ap-southeast-3", "ap-southeast-5"])
def test_a_runtime_that_was_asked_for_and_is_not_there_is_refused(
    cloud: Cloud, state: State, region: str
) -> None:
    said = f"{region} has no python3.12: deploy there with RUNTIME=python3.10."
    with pytest.raises(CommandError, match=f"^{re.escape(said)}$"):
        deploy(cloud, **ANYONE, REGION=region, RUNTIME="python3.12")
    assert state.asked == []


@pytest.fixture
def without_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in cloud has one region; it gets the runtimes of Singapore."""
    monkeypatch.setitem(regions.RUNTIMES_IN, "cn-hangzhou", regions.RUNTIMES_IN["ap-southeast-1"])


@pytest.mark.usefixtures("without_newest")
def test_where_the_newest_runtime_is_not_there_the_functions_get_the_other(
    cloud: Cloud, state: State
) -> None:
    shown: list[str] = []
    stack = deploy(cloud, shown, **ANYONE)
    assert "cn-hangzhou has no python3.12: the functions get python3.10." in shown
    assert stack.parameters["Runtime"] == "python3.10"
    assert state.code["uploads-token"] == quick_package("token", "python3.10", sign_in=False).content


@pytest.mark.usefixtures("without_newest")
def test_a_later_deploy_keeps_the_runtime_and_says_nothing(cloud: Cloud) -> None:
    deploy(cloud, **ANYONE, RUNTIME="python3.10")
    shown: list[str] = []
    assert deploy(cloud, shown, MAX_BYTES="5").parameters["Runtime"] == "python3.10"
    assert not any("has no python3.12" in line for line in shown)


@pytest.mark.parametrize("name", ["docs/deploy.md", "docs/deploy.zh.md"])
def test_the_document_has_the_same_table(name: str) -> None:
    rows = dict.fromkeys((regions.BOTH, regions.OLDER, regions.NO_FUNCTIONS), "")
    for region, runtimes in regions.RUNTIMES_IN.items():
        rows[runtimes] += f" `{region}`"
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    assert all(f"|{row} |" in text for row in rows.values())


def test_every_region_but_those_of_mainland_china_needs_no_filing() -> None:
    elsewhere = [one for one in CALLBACKS if not regions.in_mainland_china(one)]
    assert elsewhere == CALLBACKS[CALLBACKS.index("cn-hongkong") :]
