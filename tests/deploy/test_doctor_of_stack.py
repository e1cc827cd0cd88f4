from __future__ import annotations

from cloud_state import State
from scene import ANYONE, SITE, run

from checks import Deployment
from cloud import Cloud
from doctor import of_stack


def test_the_doctor_finds_what_a_deploy_made(cloud: Cloud, state: State) -> None:
    stack = run(cloud, **ANYONE, ALLOWED_ORIGINS="https://www.example.com,https://example.com")
    assert state.stacks
    assert of_stack(stack.outputs, stack.parameters, "cn-hangzhou") == Deployment(
        token_url="https://token-abc.cn-hangzhou.fcapp.run/",
        origin="https://www.example.com",
        site_url=f"https://{SITE}.oss-cn-hangzhou.aliyuncs.com",
        bearer_token=None,
    )
