from __future__ import annotations

from deploy.aliyun.clients import Cloud
from deploy.doctor.finding import Deployment
from deploy.doctor.target import deployment_of
from tests.support.cloud.commands import ANYONE, SITE, deploy
from tests.support.cloud.state import State


def test_the_doctor_finds_what_a_deploy_made(cloud: Cloud, state: State) -> None:
    stack = deploy(cloud, **ANYONE, ALLOWED_ORIGINS="https://www.example.com,https://example.com")
    assert state.stacks
    assert deployment_of(stack.outputs, stack.parameters, "cn-hangzhou") == Deployment(
        token_url="https://token-abc.cn-hangzhou.fcapp.run/",
        origin="https://www.example.com",
        site_url=f"https://{SITE}.oss-cn-hangzhou.aliyuncs.com",
        bearer_token=None,
    )
