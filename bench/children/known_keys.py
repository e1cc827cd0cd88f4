"""Microseconds of finding a public key of OSS's among the cached ones: FOLDER NUMBER... Prints JSON."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from itertools import cycle
from typing import Any

from warm_calls import Call, microseconds

SAMPLES = 5


def finding(callback_keys: Any, fc_http: Any, number: int) -> list[float]:
    """Return the microseconds to find one of `number` keys, each asked for in turn."""
    keys = callback_keys.PublicKeys(None, lambda *_: len)
    urls = [f"https://gosspublic.alicdn.com/callback_pub_key_v{one}.pem" for one in range(2, number + 2)]
    asked = [base64.b64encode(url.encode()) for url in urls]
    blank = fc_http.Request("POST", "/callback", {}, {}, b"", "", 0.0, 0.0)

    def find(header: bytes, _: object) -> object:
        return keys.find(blank._replace(headers={"x-oss-pub-key-url": header.decode()}))

    return microseconds(Call(find, cycle(asked)), SAMPLES)


def main(folder: str, *numbers: str) -> None:
    """Time each number of keys."""
    sys.path.insert(0, folder)
    callback_keys, fc_http = map(importlib.import_module, ("completion.callback_keys", "vendored.fc_http"))
    print(json.dumps({number: finding(callback_keys, fc_http, int(number)) for number in numbers}))


if __name__ == "__main__":
    main(*sys.argv[1:])
