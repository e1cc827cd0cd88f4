"""What a reader of the page has chosen: the names in the query of its addresses, and of those as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from urllib.parse import parse_qsl, urlencode

from oss_emulator.console.callers import PREFIX


@dataclass(frozen=True)
class View:
    """One choice; what is empty was not chosen.

    `find`, `method`, `status` (2xx to 5xx, or reset) and `rows` (all) are of requests. `bucket` is the one
    that is shown; `prefix`, `text` and `after` search its objects, `order` (keys) lists all. `key` and
    `version` name one object, `versions` a key whose versions are listed. `paused` stops the refreshing.
    """

    bucket: str = ""
    find: str = ""
    method: str = ""
    status: str = ""
    rows: str = ""
    prefix: str = ""
    text: str = ""
    after: str = ""
    order: str = ""
    key: str = ""
    version: str = ""
    versions: str = ""
    paused: str = ""

    def address(self, path: str = PREFIX, **changes: str) -> str:
        """Return the address of `path` with this choice, and what a link changes in it."""
        chosen = {name: value for name, value in asdict(replace(self, **changes)).items() if value}
        return f"{path}?{urlencode(chosen)}" if chosen else path

    def kept(self, *without: str) -> Iterator[tuple[str, str]]:
        """Yield name and value of what a form keeps: not what it asks for itself, nor the place in a list."""
        for name, value in asdict(self).items():
            if value and name not in {*without, "after", "key", "version", "versions"}:
                yield name, value


def read_view(query: str) -> View:
    """Return the choice in a query; other names in it are ignored, and of a doubled one the last counts."""
    names = asdict(View())
    return View(**{name: value for name, value in parse_qsl(query) if name in names})
