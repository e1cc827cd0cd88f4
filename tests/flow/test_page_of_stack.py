"""`make page`: a page on this machine uploads to functions and a bucket that are elsewhere."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.environment import clean_environment, free_ports
from tests.support.page.actions import ended, open_page, send
from tests.support.stack import REPOSITORY, Stack

SERVE = """
import json, os, sys
from deploy.aliyun.ros_stack import Stack
from deploy.page import serve
sys.exit(serve(Stack(**json.loads(sys.argv[1])), "cn-hangzhou", os.environ))
"""


def test_a_page_here_uploads_to_a_stack_elsewhere(browser: Browser, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    origin = f"http://localhost:{port}"
    elsewhere = Stack(tmp_path / "elsewhere", ALLOWED_ORIGINS=f"https://www.example.com,{origin}")
    try:
        deployed = {
            "id": "stack-1",
            "name": "uploads",
            "status": "CREATE_COMPLETE",
            "reason": "",
            "outputs": {
                "TokenUrl": elsewhere.token,
                "CallbackUrl": elsewhere.callback,
                "UploadUrl": elsewhere.upload,
            },
            "parameters": {"AllowedOrigins": f"https://www.example.com,{origin}"},
        }
        upload(browser, origin, served(deployed, tmp_path / "page"))
        assert len(elsewhere.http.get(f"{elsewhere.upload}/-/objects", timeout=9).json()["objects"]) == 1
    finally:
        elsewhere.end()


def served(deployed: Mapping[str, object], state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, json.dumps(deployed)],
        cwd=REPOSITORY,
        env={**clean_environment(), "LOCAL_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def upload(browser: Browser, origin: str, process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    try:
        said = next((line for line in process.stdout if origin in line), "")
        assert said.startswith(f"Open {origin}/ in a browser")
        heard: list[str] = []
        page = open_page(browser, origin, heard)
        ended(send(page))
        page.context.close()
        assert heard == []
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
