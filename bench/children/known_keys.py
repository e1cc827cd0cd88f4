"""Microseconds of finding a public key of OSS's among the cached ones: FOLDER NUMBER... Prints JSON."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from typing import Any

from warm_calls import microseconds

BATCHES = 5


def finding(receiving: Any, edge: Any, number: int) -> list[float]:
    """Return what it takes to find one of `number` keys, each asked for in turn."""
    keys = receiving.PublicKeys(None, lambda *_: len)
    urls = [f"https://gosspublic.alicdn.com/callback_pub_key_v{one}.pem" for one in range(2, number + 2)]
    asked = [base64.b64encode(url.encode()) for url in urls]
    blank = edge.Request("POST", "/callback", {}, {}, b"", "", 0.0, 0.0)

    def find(header: bytes, _: object) -> object:
        return keys.find(blank._replace(headers={"x-oss-pub-key-url": header.decode()}))

    return microseconds(find, asked, BATCHES)


def main(folder: str, *numbers: str) -> None:
    """Time each number of keys."""
    sys.path.insert(0, folder)
    receiving, edge = (importlib.import_module(name) for name in ("receiving", "edge"))
    print(json.dumps({number: finding(receiving, edge, int(number)) for number in numbers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
