"""A backend of `examples/backend/` as a process, which a test can tell to sweep or to reconcile at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from local.development_settings import IDENTITY
from tests.support.environment import clean_environment
from tests.support.stack import BUCKET, KEY_ID, KEY_SECRET, KEY_TOKEN, REPOSITORY

SAMPLES = REPOSITORY / "examples/backend"
LANGUAGES = ("python", "node")
DRIVERS = {
    "python": """
import os, sys, threading, backend
threading.Thread(target=lambda: backend.app.run(port=int(os.environ["PORT"])), daemon=True).start()
for line in sys.stdin:
    name, now = line.split()
    getattr(backend, name)(float(now))
    print("done", flush=True)
""",
    "node": """
import { createInterface } from 'node:readline';
import * as backend from './backend.mjs';
for await (const line of createInterface({ input: process.stdin })) {
  const [name, now] = line.split(' ');
  await backend[name](Number(now));
  console.log('done');
}
process.exit();
""",
}


def sample_folder(language: str, folder: Path) -> Path:
    """Return a folder with this sample's files, in which its packages are found."""
    if language == "python":
        return SAMPLES / language
    (folder / "node_modules").symlink_to(REPOSITORY / "tests" / "node_modules")
    for file in (SAMPLES / language).iterdir():
        (folder / file.name).write_text(file.read_text())
    return folder


def command(language: str, script: str) -> list[str]:
    """Return the command that runs a script in the sample's folder."""
    interpreter = {"python": [sys.executable, "-B", "-c"], "node": ["node", "--input-type=module", "--eval"]}
    return [*interpreter[language], script]


def settings(upload: str) -> dict[str, str]:
    """Return the settings of the sample for a local stack whose bucket is at this address."""
    return {
        "UPLOAD_BUCKET": BUCKET,
        "OSS_REGION": "cn-hangzhou",
        "UPLOAD_HOST": upload,
        "OSS_ACCESS_KEY_ID": KEY_ID,
        "OSS_ACCESS_KEY_SECRET": KEY_SECRET,
        "OSS_SESSION_TOKEN": KEY_TOKEN,
        **IDENTITY,
    }


class SampleBackend:
    """The sample in one language, listening; `end` stops it."""

    def __init__(self, language: str, folder: Path, port: int, environ: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            command(language, DRIVERS[language]),
            cwd=sample_folder(language, folder),
            env={**clean_environment(), **environ, "PORT": str(port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._read_to("listening", "Running on")

    def _read_to(self, *words: str) -> str:
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if any(word in line for word in words):
                return "".join(said)
        raise AssertionError("".join(said))

    def ask(self, method: str, path: str, authorization: str = "") -> requests.Response:
        headers = {"Authorization": authorization} if authorization else {}
        return requests.request(method, f"{self.url}{path}", headers=headers, timeout=10)

    def sweep(self, now: float) -> None:
        self._run("sweep", now)

    def reconcile(self, now: float) -> str:
        """Return what it says."""
        return self._run("reconcile", now)

    def _run(self, name: str, now: float) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name} {now}\n")
        self._process.stdin.flush()
        return self._read_to("done\n")

    def end(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)
