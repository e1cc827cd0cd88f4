"""The parameters that lists and multipart uploads have in common: `encoding-type`, and the size of a page.

Source: OSS ListObjects page; the messages for wrong parameters are unconfirmed.
"""

from collections.abc import Mapping
from urllib.parse import quote

from oss_emulator.errors import invalid_argument, xml_text
from oss_emulator.xml_documents import element

MAX_KEYS = 1000  # of every page


class KeyEncoding:
    """How keys are written in an answer: percent-encoded if `encoding-type` is `url`, else as XML text."""

    def __init__(self, *, url: bool) -> None:
        self.elements = [element("EncodingType", "url")] if url else []
        self._url = url

    def encode(self, text: str) -> str:
        """Return a key or another name as the content of an element."""
        return quote(text, safe="") if self._url else xml_text(text)


def key_encoding(query: Mapping[str, str]) -> KeyEncoding:
    """Return the encoding that a query asks for. Raises OssError."""
    asked = query.get("encoding-type", "")
    if asked not in {"", "url"}:
        raise invalid_argument("Invalid Encoding Method specified", name="encoding-type", value=asked)
    return KeyEncoding(url=bool(asked))


def page_size(query: Mapping[str, str], name: str, default: int, *, limited: bool = False) -> int:
    """Return the size of a page that the parameter `name` asks for. Raises OssError.

    A number beyond the range is refused, unless it is to be `limited` to it.
    """
    text = query.get(name) or str(default)
    if limited and text.isascii() and text.isdigit():
        return min(max(int(text[:9]), 1), MAX_KEYS)  # more digits than nine are beyond the range too
    if not (
        text.isascii() and text.isdigit() and len(text) <= len(str(MAX_KEYS)) and 0 < int(text) <= MAX_KEYS
    ):
        message = f"Argument {name} must be an integer between 1 and {MAX_KEYS}."
        raise invalid_argument(message, name=name, value=text)
    return int(text)
