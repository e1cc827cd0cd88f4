"""Where `make page` listens, and what it says when it cannot."""

from __future__ import annotations

import socket

import pytest

from deploy.aliyun.clients import Cloud
from deploy.aliyun.ros_stack import Stack
from deploy.errors import CommandError
from deploy.page import serve
from deploy.page_addresses import LOCAL_ORIGIN, local_origin
from tests.support.cloud.commands import ANYONE, deploy
from tests.support.cloud.state import State


def stack_that_allows(origins: str) -> Stack:
    return Stack("stack-1", "uploads", "CREATE_COMPLETE", "", {}, {"AllowedOrigins": origins})


def test_a_first_deploy_allows_this_machine_and_names_the_command(cloud: Cloud, state: State) -> None:
    shown: list[str] = []
    assert local_origin(deploy(cloud, shown, **ANYONE)) == (LOCAL_ORIGIN, 8080)
    assert any(line.endswith("make page STACK=uploads REGION=cn-hangzhou") for line in shown)
    assert state.asked


@pytest.mark.parametrize(
    ("origins", "where"),
    [
        ("https://www.example.com,http://localhost:9000", ("http://localhost:9000", 9000)),
        ("http://127.0.0.1:8080", ("http://127.0.0.1:8080", 8080)),
    ],
)
def test_it_listens_where_the_stack_allows(origins: str, where: tuple[str, int]) -> None:
    assert local_origin(stack_that_allows(origins)) == where


@pytest.mark.parametrize("origins", ["https://www.example.com", "http://localhost.example.com:80"])
def test_the_message_for_a_stack_that_allows_no_local_page_has_the_way_out(origins: str) -> None:
    with pytest.raises(CommandError, match=f"ALLOWED_ORIGINS={origins},http://localhost:8080"):
        local_origin(stack_that_allows(origins))


def test_a_port_in_use_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use"):
            serve(stack_that_allows(f"http://localhost:{port}"), "cn-hangzhou", {})
