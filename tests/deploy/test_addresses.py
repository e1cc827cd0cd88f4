"""The addresses that commands ask, in every region that can be deployed to."""

from __future__ import annotations

import pytest
from alibabacloud_fc20230330.client import Client as FunctionCompute
from alibabacloud_ros20190910.client import Client as Ros
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config

from deploy.aliyun.clients import AccessKey, Cloud, connect, oss_host, public_endpoints
from deploy.aliyun.regions import usable_regions
from deploy.errors import CommandError

KEY = AccessKey("access-key-id", "access-key-secret", "")


def clients(region: str) -> Cloud:
    return connect(region, KEY, public_endpoints(region))


# Alibaba Cloud's documents: STS "Endpoints", OSS "Regions and endpoints", and Function Compute's SDK. Written
# out, so that no rule of ours can make a wrong one. ROS has one for all regions ("Request method
# guidelines").
HOSTS = """
sts.cn-hangzhou.aliyuncs.com oss-cn-hangzhou.aliyuncs.com fcv3.cn-hangzhou.aliyuncs.com
sts.cn-shanghai.aliyuncs.com oss-cn-shanghai.aliyuncs.com fcv3.cn-shanghai.aliyuncs.com
sts.cn-qingdao.aliyuncs.com oss-cn-qingdao.aliyuncs.com fcv3.cn-qingdao.aliyuncs.com
sts.cn-beijing.aliyuncs.com oss-cn-beijing.aliyuncs.com fcv3.cn-beijing.aliyuncs.com
sts.cn-zhangjiakou.aliyuncs.com oss-cn-zhangjiakou.aliyuncs.com fcv3.cn-zhangjiakou.aliyuncs.com
sts.cn-huhehaote.aliyuncs.com oss-cn-huhehaote.aliyuncs.com fcv3.cn-huhehaote.aliyuncs.com
sts.cn-wulanchabu.aliyuncs.com oss-cn-wulanchabu.aliyuncs.com fcv3.cn-wulanchabu.aliyuncs.com
sts.cn-shenzhen.aliyuncs.com oss-cn-shenzhen.aliyuncs.com fcv3.cn-shenzhen.aliyuncs.com
sts.cn-chengdu.aliyuncs.com oss-cn-chengdu.aliyuncs.com fcv3.cn-chengdu.aliyuncs.com
sts.cn-hongkong.aliyuncs.com oss-cn-hongkong.aliyuncs.com fcv3.cn-hongkong.aliyuncs.com
sts.us-west-1.aliyuncs.com oss-us-west-1.aliyuncs.com fcv3.us-west-1.aliyuncs.com
sts.us-east-1.aliyuncs.com oss-us-east-1.aliyuncs.com fcv3.us-east-1.aliyuncs.com
sts.ap-northeast-1.aliyuncs.com oss-ap-northeast-1.aliyuncs.com fcv3.ap-northeast-1.aliyuncs.com
sts.ap-southeast-1.aliyuncs.com oss-ap-southeast-1.aliyuncs.com fcv3.ap-southeast-1.aliyuncs.com
sts.ap-southeast-3.aliyuncs.com oss-ap-southeast-3.aliyuncs.com fcv3.ap-southeast-3.aliyuncs.com
sts.ap-southeast-5.aliyuncs.com oss-ap-southeast-5.aliyuncs.com fcv3.ap-southeast-5.aliyuncs.com
sts.eu-central-1.aliyuncs.com oss-eu-central-1.aliyuncs.com fcv3.eu-central-1.aliyuncs.com
sts.eu-west-1.aliyuncs.com oss-eu-west-1.aliyuncs.com fcv3.eu-west-1.aliyuncs.com
"""
REGIONS = usable_regions()


def test_each_region_has_its_hosts_over_https() -> None:
    asked = [public_endpoints(region) for region in REGIONS]
    assert [f"{one.sts} {one.oss} {one.fc}" for one in asked] == HOSTS.strip().splitlines()
    assert {(one.ros, one.https) for one in asked} == {("ros.aliyuncs.com", True)}


@pytest.mark.parametrize("region", REGIONS)
def test_the_hosts_are_those_that_the_sdks_choose_themselves(region: str) -> None:
    config = {"access_key_id": "x", "access_key_secret": "x", "region_id": region}
    endpoints = public_endpoints(region)
    assert Ros(Config(**config))._endpoint == endpoints.ros
    assert Sts(Config(**config))._endpoint == endpoints.sts
    # one host of Function Compute's table ends with a tab
    assert FunctionCompute(Config(**config))._endpoint.strip() == endpoints.fc


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


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ("oss-cn-hangzhou-internal.aliyuncs.com", "oss-cn-hangzhou-internal.aliyuncs.com"),
        ("https://oss-cn-hangzhou-internal.aliyuncs.com/", "oss-cn-hangzhou-internal.aliyuncs.com"),
        ("cn-hangzhou.oss.aliyuncs.com", "cn-hangzhou.oss.aliyuncs.com"),
    ],
)
def test_another_host_of_oss_in_the_region_may_be_asked(given: str, host: str) -> None:
    assert oss_host("cn-hangzhou", given) == host


@pytest.mark.parametrize(
    "given",
    [
        "oss-cn-beijing-internal.aliyuncs.com",
        "oss-cn-hangzhou.example.com",
        "oss-cn-hangzhou.aliyuncs.com.example.com",
        "http://oss-cn-hangzhou.aliyuncs.com",
        "oss-cn-hangzhou.aliyuncs.com:8080",
        "user@oss-cn-hangzhou.aliyuncs.com",
        "internal",
    ],
)
def test_no_other_host_gets_signed_requests(given: str) -> None:
    with pytest.raises(CommandError, match=r"^OSS_ENDPOINT takes a host of OSS in cn-hangzhou, such as "):
        oss_host("cn-hangzhou", given)


def test_no_secret_is_in_the_text_of_a_key() -> None:
    assert repr(KEY) == "AccessKey('access-key-id', ...)"
