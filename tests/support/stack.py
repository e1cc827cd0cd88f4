"""The whole local stack as `make run` starts it, and the requests that pages and attackers send to it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Thread
from typing import Any
from urllib.parse import quote

import requests
from fastcrc import crc64

from local.launcher import is_free
from local.token_for import token
from tests.support.environment import clean_environment, free_ports, processes_at
from vendored import oss_signing

REPOSITORY = Path(__file__).parent.parent.parent
READY_SECONDS = 60
PORTS = ("TOKEN_PORT", "CALLBACK_PORT", "UPLOAD_PORT", "SITE_PORT")
BUCKET = "development-uploads"
KEY_ID, KEY_SECRET, KEY_TOKEN = (
    f"development-{part}" for part in ("access-key-id", "access-key-secret", "security-token")
)

Fields = Sequence[tuple[str, str]]


class Stack:
    """The four processes of `make run`; `end` leaves none of them running."""

    def __init__(self, state: Path, **environ: str) -> None:
        self.state = state
        ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self._ports = {name: str(port) for name, port in ports.items()}
        self._environ = environ
        self.token, self.callback, self.upload, self.site = (
            f"http://127.0.0.1:{ports[name]}" for name in PORTS
        )
        self.http = requests.Session()
        # gunicorn closes what is idle for two seconds, perhaps just when it would be used again
        self.http.headers["Connection"] = "close"
        self.key_token = "" if environ.get("SIGNATURE_VERSION") == "V1" else KEY_TOKEN
        self.lines: list[str] = []
        self._said = Condition()
        self.start()

    def start(self) -> None:
        """Start the processes, also anew, and wait until all of them answer."""
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "local.run"],
            cwd=REPOSITORY,
            env={
                **clean_environment(),
                **self._ports,
                "LOCAL_STATE": str(self.state),
                **self._environ,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._launcher.stdout is not None
        for line in self._launcher.stdout:
            self.lines.append(line)
            if f":{self._ports['SITE_PORT']}/ in a browser" in line:
                break
        else:
            raise AssertionError("".join(self.lines))
        self._reader = Thread(target=self._read, args=[self._launcher.stdout], daemon=True)
        self._reader.start()

    def kill(self) -> None:
        """End every process at once, as a loss of power does; `start` goes on with what is on the disk."""
        self._launcher.kill()
        for port in self._ports.values():
            while not is_free(int(port)):
                for pid in processes_at(port):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        self._wait()

    def _read(self, output: Iterable[str]) -> None:
        for line in output:
            with self._said:
                self.lines.append(line)
                self._said.notify_all()

    def end(self) -> None:
        self.http.close()
        self._launcher.send_signal(signal.SIGINT)
        self._wait()

    def _wait(self) -> None:
        self._launcher.wait(timeout=30)
        self._reader.join(timeout=30)
        assert self._launcher.stdout is not None
        self._launcher.stdout.close()

    def fault(self, name: str, at: str = "", **options: object) -> None:
        order = {"fault": name, "requests": 1, **options}
        answer = self.http.post(f"{at or self.upload}/-/faults", json=order, timeout=5)
        assert answer.status_code == 200, answer.text

    def pending_faults(self) -> Any:
        return self.http.get(f"{self.upload}/-/faults", timeout=5).json()

    def clear_faults(self) -> None:
        for address in (self.upload, self.callback, self.token):
            self.http.delete(f"{address}/-/faults", timeout=5)

    def ask_grant(self, authorization: str = "", **query: str) -> requests.Response:
        headers = {"Authorization": authorization} if authorization else {}
        return self.http.get(f"{self.token}/", params=query, headers=headers, timeout=10)

    def grant(
        self, name: str = "a.png", size: int = 5, media_type: str = "image/png", *, authorization: str = ""
    ) -> Any:
        answer = self.ask_grant(authorization, name=name, size=str(size), type=media_type)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(
        self,
        url: str,
        fields: Fields,
        file: bytes,
        headers: Mapping[str, str] | None = None,
        after: Fields = (),
        kind: str = "application/octet-stream",
    ) -> requests.Response:
        """Post a form whose parts are exactly these and in this order; `after` follow the file."""
        parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in fields]
        parts.append(("file", ("file", file, kind)))
        parts.extend((name, (None, value)) for name, value in after)
        return self.http.post(url, files=parts, headers=headers, timeout=30)

    def send(self, grant: Any, file: bytes) -> requests.Response:
        return self.post(grant["url"], list(grant["fields"].items()), file)

    def confirm(self, grant: Any) -> requests.Response:
        return self.http.post(grant["confirm"], json={"ticket": grant["ticket"]}, timeout=10)

    def stored(self, key: str) -> requests.Response:
        """Read an object back as a holder of the AccessKey does."""
        return self._as_owner("GET", key)

    def headers_of(self, key: str) -> Mapping[str, str]:
        """Return the headers of an object, as a holder of the AccessKey reads them."""
        answer = self._as_owner("HEAD", key)
        assert answer.status_code == 200
        return answer.headers

    def delete(self, key: str) -> None:
        """Delete an object as a holder of the AccessKey does."""
        assert self._as_owner("DELETE", key).status_code == 204

    def put(self, key: str, content: bytes) -> None:
        """Store an object as a holder of the AccessKey does."""
        assert self._as_owner("PUT", key, content).status_code == 200

    def _as_owner(self, method: str, key: str, content: bytes | None = None) -> requests.Response:
        date = oss_signing.utc_stamp(time.time())
        headers = {
            "x-oss-date": date,
            "x-oss-content-sha256": oss_signing.UNSIGNED_PAYLOAD,
            "Accept-Encoding": "identity",
        }
        if self.key_token:
            headers["x-oss-security-token"] = self.key_token
        canonical = oss_signing.canonical_request(method, BUCKET, key, {}, headers)
        to_sign = oss_signing.string_to_sign(canonical, date, "cn-hangzhou")
        signature = oss_signing.signature_v4(
            to_sign, oss_signing.signing_key(KEY_SECRET, date[:8], "cn-hangzhou")
        )
        headers["Authorization"] = oss_signing.authorization_v4(KEY_ID, date, "cn-hangzhou", signature)
        return self.http.request(
            method, f"{self.upload}/{quote(key)}", headers=headers, data=content, timeout=30
        )

    def line_with(self, text: str) -> str:
        """Wait until some process logs a line with this text."""

        def found() -> str:
            return next((line for line in self.lines if text in line), "")

        with self._said:
            return self._said.wait_for(found, timeout=READY_SECONDS)

    def callback_codes(self, count: int, upload_id: str = "") -> list[str]:
        """Wait until the callback function logged `count` answers (about one upload); return their codes."""

        def answers() -> list[str]:
            lines = [line.split("|", 1)[1] for line in self.lines if line.startswith("callback ")]
            events = [json.loads(line) for line in lines if '"answered"' in line and upload_id in line]
            return [str(event["code"]) for event in events]

        with self._said:
            assert self._said.wait_for(lambda: len(answers()) >= count, timeout=READY_SECONDS)
            return answers()


def bearer_of(user: str, **more: str) -> str:
    """Return the Authorization of a user of a stack that runs with SIGN_IN."""
    return f"Bearer {token({'USER': user, **more}, time.time())}"


def md5(file: bytes) -> str:
    return hashlib.md5(file, usedforsecurity=False).hexdigest().upper()


def crc64_of(file: bytes) -> str:
    """Return the CRC-64 (ECMA-182) as OSS writes it."""
    return str(crc64.xz(file))


def code_of(answer: requests.Response) -> str:
    """Return the code of an error as OSS writes it."""
    assert answer.headers["Content-Type"] == "application/xml"
    return answer.text.split("<Code>")[1].split("</Code>")[0]
