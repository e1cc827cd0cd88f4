"""The built page, told where its functions are: `config.json`, and the policy of what it may speak to.

The build knows no address. Both files are made from the same values, because a page that may not connect to
the function its config names would be a page that does not work.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)
_CONNECT = "connect-src 'self'"  # as `client/index.html` has it in its Content-Security-Policy


class Page(NamedTuple):
    """The three addresses that a page speaks to; of each, the policy names the origin."""

    token_url: str
    callback_url: str
    upload_url: str


def write_page(built: Path, site: Path, page: Page) -> None:
    """Write `index.html` and `config.json` of the page in `built` to the folder `site`, made if missing."""
    site.mkdir(exist_ok=True)
    (site / "index.html").write_text(allow_connections(page, (built / "index.html").read_text()))
    config = {"tokenUrl": page.token_url.rstrip("/") + "/"}
    (site / "config.json").write_text(json.dumps(config) + "\n")


def allow_connections(page: Page, html: str) -> str:
    """Let the page speak to its addresses and to nobody else; `ValueError` if it has no such policy."""
    if html.count(_CONNECT) != 1:
        raise ValueError(f"the page has no policy with {_CONNECT}")
    origins = dict.fromkeys(map(_origin, page))  # each once, in this order
    return html.replace(_CONNECT, " ".join((_CONNECT, *origins)))


def _origin(url: str) -> str:
    """Return scheme and host of an address; `ValueError` if it would say more in a policy than a place."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc):
        raise ValueError(f"{url!r} is no address of a page's function or bucket")
    return f"{parts.scheme}://{parts.netloc}"
