"""The two files of a site that hold its addresses: `config.json`, and `index.html` with its security policy.

The built page holds no address. Both files are made from the same values: a page whose policy does not allow
the function that its config names would not work. `index.html` also lets a browser connect to the token
function and to the bucket while it still loads the page.
"""

import json
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)
# as `client/index.html` has it in its Content-Security-Policy, to the end of that element
_POLICY = re.compile(r"(connect-src 'self')([^>]*>)")


class Page(NamedTuple):
    """The three addresses that a page connects to; the policy lists the origin of each."""

    token_url: str
    callback_url: str
    upload_url: str


def write_page(built: Path, site: Path, page: Page) -> None:
    """Write `index.html` and `config.json` of the page in `built` to the folder `site`, made if missing."""
    site.mkdir(exist_ok=True)
    (site / "index.html").write_text(add_addresses(page, (built / "index.html").read_text()))
    config = {"tokenUrl": page.token_url.rstrip("/") + "/"}
    (site / "config.json").write_text(json.dumps(config) + "\n")


def add_addresses(page: Page, html: str) -> str:
    """Add the page's addresses to its `connect-src`, and links to connect to the two that each upload needs.

    Raises `ValueError` unless the policy is there once. The links say `crossorigin`, because the page's
    requests carry no cookies, and browsers use another connection for those that do.
    """
    if len(_POLICY.findall(html)) != 1:
        raise ValueError("the page has no policy with connect-src 'self'")
    allowed = " ".join(dict.fromkeys(map(_origin, page)))  # each origin once, in this order
    first = dict.fromkeys((_origin(page.token_url), _origin(page.upload_url)))
    links = "".join(f'\n  <link rel="preconnect" href="{origin}" crossorigin>' for origin in first)
    return _POLICY.sub(rf"\1 {allowed}\2{links}", html)


def _origin(url: str) -> str:
    """Return scheme and host of an address; `ValueError` if it has more that would count in a policy."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc):
        raise ValueError(f"{url!r} is not the address of a function or a bucket")
    return f"{parts.scheme}://{parts.netloc}"
