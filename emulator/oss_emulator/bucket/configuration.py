"""A bucket's configuration as set by requests: the XML that was sent, one file for each part.

The files are read once at the start and kept in memory. Each is written under another name and then renamed,
so a kill leaves the old configuration or the new one.
"""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from oss_emulator.bucket.configuration_xml import read_cors, read_versioning, read_website
from oss_emulator.bucket.cors import Cors
from oss_emulator.errors import OssError
from oss_emulator.settings import SettingsError
from oss_emulator.website.rules import Website

_READERS: Mapping[str, Callable[[bytes], object]] = {
    "cors": read_cors,
    "website": read_website,
    "versioning": read_versioning,
}
# An empty file: the part was deleted, so the environment's value for it does not come back at the next start.
_DELETED = b""


class ConfigurationError(SettingsError):
    """A stored configuration that cannot be used; the message names its file."""


class Configuration:
    """The stored parts of one bucket's configuration. A part that was deleted is None."""

    def __init__(self, folder: Path) -> None:
        """Read what is stored in `folder`. Raises ConfigurationError."""
        self._folder = folder / "configuration"
        self._lock = threading.Lock()
        self._parts: dict[str, object] = {}
        for name in _READERS:
            self._load(name)

    def cors(self, default: Cors) -> Cors:
        """Return the CORS rules; `default` until a request has set or deleted them."""
        return cast("Cors | None", self._parts.get("cors", default)) or Cors()

    @property
    def website(self) -> Website | None:
        """Return the website configuration, if there is one."""
        return cast("Website | None", self._parts.get("website"))

    @property
    def versioning(self) -> str:
        """Return `Enabled`, `Suspended`, or nothing if it was never set."""
        return cast("str", self._parts.get("versioning", ""))

    def put(self, name: str, content: bytes) -> None:
        """Replace the part `name` by the XML in `content`. Raises OssError, and then nothing has changed."""
        self._store(name, content, _READERS[name](content))

    def delete(self, name: str) -> None:
        """Forget the part `name`."""
        self._store(name, _DELETED, None)

    def _store(self, name: str, content: bytes, value: object) -> None:
        with self._lock:
            self._folder.mkdir(parents=True, exist_ok=True)
            incoming = self._path(name).with_suffix(".incoming")
            incoming.write_bytes(content)
            incoming.replace(self._path(name))
            self._parts[name] = value

    def _load(self, name: str) -> None:
        path = self._path(name)
        try:
            content = path.read_bytes()
            self._parts[name] = None if content == _DELETED else _READERS[name](content)
        except FileNotFoundError:
            return
        except (OSError, OssError) as error:
            message = f"{path} is not a valid {name} configuration: correct or delete it"
            raise ConfigurationError(message) from error

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.xml"
