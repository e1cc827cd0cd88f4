"""One emulated function in a process of its own, started as the launcher does, but without the lifeline."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from tests.support.environment import coverage_variables, end_server, free_ports

REPOSITORY = Path(__file__).parents[2]
TRIGGER = REPOSITORY / "local" / "fc" / "trigger.py"
START_SECONDS = 60


class EmulatedFunction:
    """The function in `folder`, with `env` as the rest of its environment."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        self._command = [sys.executable, "-m", "functions_framework", "--source", str(TRIGGER)]
        self._command += ["--target", "invoke", "--host", "127.0.0.1", "--port", str(port)]
        self._env = {
            **env,
            "EMULATE_FUNCTION": str(folder),
            "THREADS": "8",
            "WORKERS": "1",
            **coverage_variables(),
        }

    def __enter__(self) -> "EmulatedFunction":  # noqa: PYI034 - typing has Self from 3.11
        self._process = subprocess.Popen(self._command, cwd=REPOSITORY, env=self._env, start_new_session=True)
        for _ in range(START_SECONDS * 20):
            try:
                requests.get(f"{self.url}/-/faults", timeout=5)
            except requests.ConnectionError:
                try:
                    self._process.wait(0.05)
                except subprocess.TimeoutExpired:
                    continue
                break
            return self
        raise AssertionError("the emulator did not start")

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        end_server(self._process)

    def ask(self, method: str = "GET", path: str = "/", **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=30, allow_redirects=False, **options)

    def event(self, method: str = "GET", path: str = "/", **options: Any) -> Any:
        """Return the event that a function got which answers with it."""
        return json.loads(self.ask(method, path, **options).content)["event"]
