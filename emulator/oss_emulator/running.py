"""An emulator in this process, for tests: `with Emulator(folder) as oss:`. The pytest fixture is one.

It reads no environment. Everything that a test may use is a public member of `Emulator`.
"""

import shutil
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from oss_emulator import development
from oss_emulator.addressing import BUCKET_NAME
from oss_emulator.history.records import CallbackRecord, RefusalRecord
from oss_emulator.history.requests import RequestRecord
from oss_emulator.http_messages import Answer, Request
from oss_emulator.served_buckets import ServedBuckets
from oss_emulator.settings import from_env
from oss_emulator.web.server import WebServer


class Emulator:
    """A server on a port of this machine, which listens as soon as it is made. `close` ends it.

    `buckets` exist from the start, and anew after each `reset`. `variables` are LOCAL_OSS_* variables of all
    buckets, as the README lists them; what is missing has its value for development. Raises SettingsError.
    """

    def __init__(
        self,
        folder: Path,
        *,
        buckets: Sequence[str] = (development.BUCKET,),
        port: int = 0,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        key = {"LOCAL_OSS_CALLBACK_KEY": str(folder / "callback_key.pem")}
        self._variables = {**development.VARIABLES, **key, **(variables or {})}
        self._folder = folder
        self._names = tuple(buckets)
        self._resets = 0
        self._buckets = self._opened()
        self._server = WebServer(self._respond, development.HOST, port)
        self._thread = threading.Thread(target=self._server.serve, name="oss-emulator", daemon=True)
        self._thread.start()
        settings = self._buckets.first.settings
        self.endpoint = f"http://{development.HOST}:{self._server.port}"
        self.region = settings.region
        self.access_key_id = settings.credentials[0].access_key_id
        self.access_key_secret = settings.credentials[0].access_key_secret

    def __enter__(self) -> "Emulator":  # noqa: PYI034 - typing has Self from Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and every connection. The folder stays."""
        self._server.close()
        self._thread.join()
        self._buckets.close()

    def bucket(self, name: str) -> str:
        """Make the bucket unless it exists; return its address in path style. Raises ValueError."""
        if not BUCKET_NAME.fullmatch(name):
            raise ValueError("a bucket's name is 3 to 63 lower-case letters, digits and hyphens")
        self._buckets.create(name)
        return f"{self.endpoint}/{name}"

    def reset(self) -> None:
        """Forget everything: objects, buckets but the first ones, configuration, faults and history."""
        used = self._folder / str(self._resets)
        self._resets += 1
        before, self._buckets = self._buckets, self._opened()
        before.close()
        shutil.rmtree(used, ignore_errors=True)  # a request that still runs may hold a file open

    def fault(self, name: str, *, requests: int = 1, **options: float | str) -> None:
        """Let the next `requests` requests fail, as `POST /-/faults` does. Raises FaultError.

        `operation="UploadPart", part_number=2` limit it to such requests.
        """
        self._buckets.first.faults.set({"fault": name, "requests": requests, **options})

    @property
    def callbacks(self) -> list[CallbackRecord]:
        """The last callbacks, the newest first: each with its body, and what was sent and answered."""
        return self._buckets.first.history.callbacks()

    @property
    def refusals(self) -> list[RefusalRecord]:
        """The last refused requests, the newest first: each with its code and an explanation."""
        return self._buckets.first.history.refusals()

    @property
    def requests(self) -> list[RequestRecord]:
        """The last requests of any kind, the newest first: what was asked, what came of it, who signed."""
        return self._buckets.first.history.requests()

    def _respond(self, request: Request) -> Answer:
        return self._buckets.respond(request)  # those since the last reset

    def _opened(self) -> ServedBuckets:
        first, *others = self._names
        own = {"LOCAL_OSS_BUCKET": first, "LOCAL_OSS_FOLDER": str(self._folder / str(self._resets))}
        return ServedBuckets(from_env({**self._variables, **own}), others, alone=False)
