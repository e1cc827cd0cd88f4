from __future__ import annotations

from deploy.aliyun.clients import Cloud
from deploy.doctor.__main__ import of_stack
from deploy.doctor.finding import Deployment
from tests.support.cloud.commands import ANYONE, SITE, run
from tests.support.cloud.state import State


def test_the_doctor_finds_what_a_deploy_made(cloud: Cloud, state: State) -> None:
    stack = run(cloud, **ANYONE, ALLOWED_ORIGINS="https://www.example.com,https://example.com")
    assert state.stacks
    assert of_stack(stack.outputs, stack.parameters, "cn-hangzhou") == Deployment(
        token_url="https://token-abc.cn-hangzhou.fcapp.run/",
        origin="https://www.example.com",
        site_url=f"https://{SITE}.oss-cn-hangzhou.aliyuncs.com",
        bearer_token=None,
    )
