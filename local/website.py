"""The two files of a site that hold its addresses: `config.json`, and `index.html` with its security policy.

The built page holds no address. Both files are made from the same values: a page whose policy does not allow
the function that its config names would not work. `index.html` has the config too, which saves a browser a
request, and lets it connect to the token function and to the bucket, and ask for the limits, while it still
loads the page.
"""

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?", re.IGNORECASE)
# as `client/index.html` has it in its Content-Security-Policy, to the end of that element
_POLICY = re.compile(r"(img-src 'self' blob: data:)(; connect-src 'self')([^>]*>)")


class Page(NamedTuple):
    """The three addresses that a page connects to; the policy lists the origin of each."""

    token_url: str
    callback_url: str
    upload_url: str


def write_page(built: Path, site: Path, page: Page) -> None:
    """Write `index.html` and `config.json` of the page in `built` to the folder `site`, made if missing.

    `config.json` keeps the options that `built` has in a file of that name. Raises `ValueError` if that is no
    JSON object.
    """
    site.mkdir(exist_ok=True)
    options = built / "config.json"
    config = {**(json.loads(options.read_text()) if options.exists() else {}), "tokenUrl": _token_url(page)}
    (site / "config.json").write_text(json.dumps(config) + "\n")
    (site / "index.html").write_text(add_addresses(page, (built / "index.html").read_text(), config))


def add_addresses(page: Page, document: str, config: Mapping[str, object]) -> str:
    """Add the page's addresses to its policy, links to what each upload needs first, and the config.

    The policy allows requests to all three addresses, and pictures from the bucket. The links say
    `crossorigin`, because the page's requests carry no cookies, and browsers use another connection for those
    that do. Raises `ValueError` unless the policy is there once.
    """
    if len(_POLICY.findall(document)) != 1:
        raise ValueError("the page has no policy with img-src 'self' blob: data:; connect-src 'self'")
    allowed = " ".join(dict.fromkeys(map(_origin, page)))  # each origin once, in this order
    first = dict.fromkeys((_origin(page.token_url), _origin(page.upload_url)))
    added = "".join(f'\n  <link rel="preconnect" href="{origin}" crossorigin>' for origin in first)
    added += f'\n  <link rel="preload" href="{html.escape(_token_url(page))}limits" as="fetch" crossorigin>'
    added += f'\n  <meta name="config" content="{html.escape(json.dumps(config))}">'
    return _POLICY.sub(
        lambda found: f"{found[1]} {_origin(page.upload_url)}{found[2]} {allowed}{found[3]}{added}", document
    )


def _token_url(page: Page) -> str:
    return page.token_url.rstrip("/") + "/"


def _origin(url: str) -> str:
    """Return scheme and host of an address; `ValueError` if it has more that would count in a policy."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(parts.netloc):
        raise ValueError(f"{url!r} is not the address of a function or a bucket")
    return f"{parts.scheme}://{parts.netloc}"
