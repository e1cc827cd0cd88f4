"""The addresses that commands ask, in every region that can be deployed to."""

from __future__ import annotations

import re

import pytest
from alibabacloud_fc20230330.client import Client as FunctionCompute
from alibabacloud_ros20190910.client import Client as Ros
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config

from deploy.aliyun.clients import AccessKey, Cloud, connect, public_endpoints
from deploy.aliyun.regions import CALLBACK_REGIONS

KEY = AccessKey("access-key-id", "access-key-secret", "")
HOST = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*\.aliyuncs\.com")


def clients(region: str) -> Cloud:
    return connect(region, KEY, public_endpoints(region))


def test_every_host_is_a_public_one_over_https() -> None:
    for region in CALLBACK_REGIONS:
        endpoints = public_endpoints(region)
        assert endpoints.https
        assert all(HOST.fullmatch(host) for host in endpoints[:4]), region
        assert not any("internal" in host or "vpc" in host for host in endpoints[:4])


def test_the_region_is_in_each_host_but_that_of_ros() -> None:
    assert public_endpoints("eu-west-1") == (
        "ros.aliyuncs.com",
        "sts.eu-west-1.aliyuncs.com",
        "oss-eu-west-1.aliyuncs.com",
        "fcv3.eu-west-1.aliyuncs.com",
        True,
    )


@pytest.mark.parametrize("region", CALLBACK_REGIONS)
def test_the_hosts_are_those_that_the_sdks_choose_themselves(region: str) -> None:
    config = {"access_key_id": "x", "access_key_secret": "x", "region_id": region}
    endpoints = public_endpoints(region)
    assert Ros(Config(**config))._endpoint == endpoints.ros
    assert Sts(Config(**config))._endpoint == endpoints.sts
    # one of Function Compute's table ends with a tab; its table of 3.0 lacks regions, for which it has 2.0's
    chosen = FunctionCompute(Config(**config))._endpoint.strip()
    assert chosen in {endpoints.fc, f"fc.{region}.aliyuncs.com"}


def test_the_clients_ask_these_hosts_for_this_region() -> None:
    cloud = clients("cn-beijing")
    assert (cloud.ros._endpoint, cloud.ros._protocol, cloud.ros._region_id) == (
        "ros.aliyuncs.com",
        "https",
        "cn-beijing",
    )
    assert (cloud.sts._endpoint, cloud.sts._protocol) == ("sts.cn-beijing.aliyuncs.com", "https")
    assert (cloud.fc._endpoint, cloud.fc._protocol) == ("fcv3.cn-beijing.aliyuncs.com", "https")
    options = cloud.oss._client._options
    assert (options.endpoint.geturl(), options.region) == (
        "https://oss-cn-beijing.aliyuncs.com",
        "cn-beijing",
    )


def test_no_secret_is_in_the_text_of_a_key() -> None:
    assert repr(KEY) == "AccessKey('access-key-id', ...)"
