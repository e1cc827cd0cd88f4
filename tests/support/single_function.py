"""One more function beside a running stack, with the stack's settings except those that a test changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from tests.support.environment import clean_environment, end_server, free_ports
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, READY_SECONDS, REPOSITORY, Stack


def function_variables(stack: Stack) -> dict[str, str]:
    """Return the variables that `make run` gives to both functions."""
    return {
        "UPLOAD_BUCKET": BUCKET,
        "OSS_REGION": "cn-hangzhou",
        "UPLOAD_HOST": stack.upload,
        "CALLBACK_URL": stack.callback,
        "OBJECT_URL": stack.upload,
        "TICKET_SECRET": "development-ticket-secret-for-one-machine-only",
        "ALLOWED_ORIGINS": stack.site,
        "MAX_BYTES": "1000",
        "PUBLIC_KEY_PEM": requests.get(f"{stack.upload}/-/callback_pub_key.pem", timeout=9).text,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY_SECRET,
        "ALIBABA_CLOUD_SECURITY_TOKEN": KEY_TOKEN,
    }


@contextmanager
def single_function(
    function: str, stack: Stack, *, port: str = "", log: str = os.devnull, **changed: str
) -> Iterator[str]:
    """Serve one function, on a free port unless `port` is given; yield its address. It writes to `log`."""
    port = port or str(free_ports(1)[0])
    mode = {"ALLOW_ANONYMOUS": "true"} if function == "token" and "AUTH_HS256_SECRET" not in changed else {}
    emulated = {
        "EMULATE_FUNCTION": str(REPOSITORY / "functions" / function),
        "EMULATE_METHODS": "GET,POST,OPTIONS",
        "THREADS": "8",
        "WORKERS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "functions_framework",
        "--source",
        str(REPOSITORY / "local" / "fc" / "trigger.py"),
    ]
    command += ["--target", "invoke", "--host", "127.0.0.1", "--port", port]
    environ = {**clean_environment(), **function_variables(stack), **mode, **emulated, **changed}
    with Path(log).open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=environ,
            stdout=output,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        patient = Retry(2 * READY_SECONDS, backoff_factor=0.05, backoff_max=0.5)
        with requests.Session() as session:
            session.mount("http://", HTTPAdapter(max_retries=patient))
            session.get(f"{address}/-/faults", timeout=9)
        yield address
    finally:
        end_server(process)
