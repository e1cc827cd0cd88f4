"""The addresses by which other machines know this one, translated for a function that does not know them.

The functions take `http` only for 127.0.0.1 and the like, and what is deployed has no exception for
development. Where `make run HOST=192.168.1.5` serves other machines, the trigger translates, as a reverse
proxy would: the Origin of a request inwards, the origin that CORS allows and the addresses in an answer
outwards. Each is translated only where it is a whole address of the table.
"""

import json
from collections.abc import Mapping

from local.fc.reply import Answer

ALLOWED = "access-control-allow-origin"


class Addresses:
    """The table: each address that the function knows, and what browsers call it; both without a path."""

    def __init__(self, theirs: Mapping[str, str]) -> None:
        self._theirs = theirs
        self._own = {outside: inside for inside, outside in theirs.items()}

    def inward(self, headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        """Translate the Origin of a request."""
        return tuple(
            (name, self._own.get(value, value) if name.lower() == "origin" else value)
            for name, value in headers
        )

    def outward(self, answer: Answer, origin: str | None) -> Answer:
        """Translate an answer to a request that came with this Origin, none for a tool's."""
        if not self._theirs:
            return answer
        headers = {
            name: origin if origin and name.lower() == ALLOWED and value == self._own.get(origin) else value
            for name, value in answer.headers.items()
        }
        return Answer(answer.status, headers, self._body(answer.body))

    def _body(self, body: bytes) -> bytes:
        """Translate what is an address in a JSON object, at any depth, with or without a path.

        The fields of a form stay as they are: they are signed.
        """
        try:
            content = json.loads(body)
            translated = self._value(content) if isinstance(content, dict) else content
        except (ValueError, RecursionError):
            return body
        return body if translated == content else json.dumps(translated).encode()

    def _value(self, value: object) -> object:
        if isinstance(value, dict):
            return {name: one if name == "fields" else self._value(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self._value(one) for one in value]
        return self._address(value) if isinstance(value, str) else value

    def _address(self, value: str) -> str:
        scheme, slashes, rest = value.partition("//")
        host, slash, path = rest.partition("/")
        known = self._theirs.get(scheme + slashes + host)
        return known + slash + path if known else value
