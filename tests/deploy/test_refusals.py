"""A refusal by OSS has a code; a network that lets nothing through has none."""

from __future__ import annotations

from collections.abc import Callable

import alibabacloud_oss_v2 as oss
import pytest
from alibabacloud_oss_v2.exceptions import OperationError, ServiceError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.refusals import code_of, refusal_of, region_of
from tests.support.cloud.state import Refused, State

MEDIA = "DELETE media/"


def deleting(cloud: Cloud) -> Callable[[], object]:
    return lambda: cloud.oss.delete_bucket(oss.DeleteBucketRequest(bucket="media"))


def test_what_is_done_is_not_refused(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    assert refusal_of(deleting(cloud)) is None
    assert state.buckets == {}


def test_a_refusal_is_told_with_its_code(cloud: Cloud, state: State) -> None:
    state.refusals[MEDIA] = [Refused(403, "AccessDenied", "not you")] * 2
    refused = refusal_of(deleting(cloud))
    assert refused is not None
    assert (refused.code, refused.message) == ("AccessDenied", "not you")
    with pytest.raises(OperationError) as found:
        deleting(cloud)()
    assert code_of(found.value) == "AccessDenied"


def test_no_answer_is_no_refusal_and_has_no_code(cloud: Cloud, state: State) -> None:
    state.lost[MEDIA] = ["before"] * 99
    with pytest.raises(OperationError) as found:
        refusal_of(deleting(cloud))
    assert code_of(found.value) == ""


@pytest.mark.parametrize(
    ("asked", "region"),
    [
        ("GET https://media.oss-cn-hangzhou.aliyuncs.com/?list-type=2", "cn-hangzhou"),
        ("PUT https://media.oss-cn-hangzhou-internal.aliyuncs.com/a%20b.txt", "cn-hangzhou"),
        ("GET https://oss-ap-southeast-1.aliyuncs.com/", "ap-southeast-1"),
        ("GET https://oss-media.oss-cn-beijing.aliyuncs.com/oss-cn-hangzhou.aliyuncs.com", "cn-beijing"),
        ("GET https://files.example.com/oss-cn-hangzhou.aliyuncs.com", ""),
        ("GET https://oss-cn-hangzhou.aliyuncs.com.example.com/", ""),
    ],
)
def test_a_refusal_names_the_region_of_the_host_that_was_asked(asked: str, region: str) -> None:
    told = dict.fromkeys(("status_code", "code", "request_id", "message", "ec", "timestamp"), "")
    assert region_of(ServiceError(**told, request_target=asked)) == region
