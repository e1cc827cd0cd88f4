"""Alibaba's SDKs, unmodified but for endpoint and key, for one bucket of an emulator in this process.

The Python SDKs keep no connection: neither has a way to close it, and they read not every answer to its end.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import alibabacloud_oss_v2 as v2
import oss2
import requests
from alibabacloud_oss_v2.transport import RequestsHttpClient

from oss_emulator.running import Emulator

BUCKET = "examplebucket"


def bucket(running: Emulator, name: str = BUCKET) -> oss2.Bucket:
    """PyPI oss2, which signs V4."""
    auth = oss2.AuthV4(running.access_key_id, running.access_key_secret)
    session = oss2.Session()
    session.session = _session()
    return oss2.Bucket(auth, running.endpoint, name, region=running.region, session=session)


def client(running: Emulator) -> v2.Client:
    """PyPI alibabacloud-oss-v2."""
    config = v2.config.load_default()
    config.credentials_provider = v2.credentials.StaticCredentialsProvider(
        running.access_key_id, running.access_key_secret
    )
    config.region, config.endpoint = running.region, running.endpoint
    config.http_client = RequestsHttpClient(session=_session())
    return v2.Client(config)


def _session() -> requests.Session:
    def end(answer: requests.Response, **_: Any) -> None:
        assert answer.content is not None  # which reads it
        answer.raw.close()

    session = requests.Session()
    session.hooks["response"].append(end)
    return session


def ali_oss(running: Emulator, code: str, name: str = BUCKET) -> Any:
    """Run the body of an async function with npm ali-oss for the bucket as `oss`; return what it returns.

    It signs V1, as it does by default, which the emulator must accept.
    """
    script = Path(__file__).parent / "ali_oss_call.mjs"
    key = (running.access_key_id, running.access_key_secret)
    command = ["node", str(script), running.endpoint, *key, name, code]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)
