"""Shortening of the texts that the history keeps, and redaction of tokens and signatures in them. Pure.

Sizes are in bytes of UTF-8. A shortened text ends with its full length. A token or signature is replaced by
its length wherever it occurs: in its own field, in the policy that pins it, in a condition, in a URL. Who
reads the valid signature of a refused request could send the request again.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

KEPT_BYTES = 4096  # of any one text or body
KEPT_POLICY_BYTES = 16 * 1024  # kept whole or not at all: a shortened policy cannot be decoded
KEPT_NAME_BYTES = 256
KEPT_NAMES = 100  # of one mapping, such as a form's fields
KEPT_MAPPING_BYTES = 32 * 1024  # of one mapping in total, without the policy
KEPT_HEADERS_BYTES = 8 * 1024  # of all headers of one request or answer

SECURITY_TOKEN = "x-oss-security-token"  # noqa: S105 - the field's name
SHORTEST_TOKEN = 8  # a shorter text is no secret, and replacing it everywhere would damage other texts

_SECRET_FIELDS = frozenset({SECURITY_TOKEN, "security-token", "x-oss-signature", "signature"})
_QUOTE = '"'
# No two repetitions are adjacent, so there is no backtracking: a search takes linear time.
_TOKEN_IN_JSON = re.compile(
    r"""("\$?x-oss-security-token"\s*[:,]\s*(?:\[\s*)?)("(?:[^"\\]|\\.)*"?(?:,\s*"(?:[^"\\]|\\.)*"?)*)""",
    re.IGNORECASE,
)
_SECRET_IN_TEXT = re.compile(r"((?:security-token|signature)\s*[=:]\s*)([^\s&;,\"'(]+)", re.IGNORECASE)
_V1_AUTHORIZATION = re.compile(r"(\bOSS [^\s:]*:)([^\s&;,\"'(]+)")

Redact = Callable[[str], str]


@dataclass(frozen=True)
class Redaction:
    """Shortens any text about one form and removes the form's security token and signature from it.

    `policy` is the form's policy, redacted; `replaced` maps each secret to the text that replaces it.
    """

    policy: str
    replaced: Mapping[str, str] = field(repr=False)

    def __call__(self, text: str) -> str:
        """Return `text`, shortened and redacted."""
        for secret, shown in self.replaced.items():
            text = text.replace(secret, shown)
        return _without_named_secret(shorten(text))  # shortened first: it may be megabytes long


def shorten(text: str, limit: int = KEPT_BYTES) -> str:
    """Return `text`, cut and marked with its length if it is longer than `limit` bytes."""
    encoded = text.encode(errors="surrogatepass")
    if len(encoded) <= limit:
        return text
    return f"{_whole_characters(encoded[:limit])}… ({len(encoded)} bytes)"


def shorten_bytes(content: bytes) -> bytes:
    """Return `content`, cut and marked with its length if it is longer than KEPT_BYTES."""
    if len(content) <= KEPT_BYTES:
        return content
    return content[:KEPT_BYTES] + f"… ({len(content)} bytes)".encode()


def shorten_mapping(
    texts: Mapping[str, str], redact: Redact = shorten, limit: int = KEPT_MAPPING_BYTES
) -> dict[str, str]:
    """Return the entries of a mapping that fit into `limit` bytes, redacted, and the number of the others."""
    kept: dict[str, str] = {}
    left = limit
    for name, text in texts.items():
        if len(kept) >= KEPT_NAMES or min(len(text), KEPT_BYTES) > left:
            continue  # too many or too large: skipped before the text is searched
        short_name, short = shorten(name, KEPT_NAME_BYTES), redact(text)
        size = _size((short_name, short))
        if size <= left:
            kept[short_name] = short
            left -= size
    if len(kept) < len(texts):
        kept["…"] = f"({len(texts) - len(kept)} more)"
    return kept


def shorten_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a request or an answer, shortened."""
    return shorten_mapping(headers, limit=KEPT_HEADERS_BYTES)


def make_redaction(fields: Mapping[str, str]) -> Redaction:
    """Return the redaction that removes this form's secrets from a text."""
    tokens = {
        text: length_note(text)
        for name, text in fields.items()
        if name.lower() in _SECRET_FIELDS and len(text) >= SHORTEST_TOKEN
    }
    policy = fields.get("policy", "")
    kept = _redact_policy(policy, tokens)
    return Redaction(kept, {policy: kept, **tokens} if policy else tokens)


def redact_fields(fields: Mapping[str, str], redact: Redaction) -> dict[str, str]:
    """Return a form's fields, shortened, without security token and signature; the policy is last."""
    named = {
        name: length_note(text) if name.lower() in _SECRET_FIELDS else text
        for name, text in fields.items()
        if name != "policy"
    }
    kept = shorten_mapping(named, redact)
    return {**kept, "policy": redact.policy} if "policy" in fields else kept


def redact_target(target: str, redact: Redact) -> str:
    """Return path and query, shortened and redacted; the names in a query may be percent-encoded."""
    path, mark, query = target.partition("?")
    pairs = (pair.partition("=") for pair in query.split("&"))
    shown = (
        f"{name}={length_note(text)}" if unquote_plus(name).lower() in _SECRET_FIELDS else name + sign + text
        for name, sign, text in pairs
    )
    return redact(path + mark + "&".join(shown))


def redact_explanation(explanation: Mapping[str, str], redact: Redact) -> dict[str, str]:
    """Return an explanation, shortened and redacted; of a token that broke its condition only the lengths."""
    secret = explanation.get("field", "").lower() in _SECRET_FIELDS
    shown = {
        name: length_note(text) if secret and name in {"expected", "got"} else text
        for name, text in explanation.items()
    }
    return shorten_mapping(shown, redact)


def length_note(text: str) -> str:
    """Return the text that replaces a secret: its length."""
    return f"({len(text)} characters)"


def _without_named_secret(text: str) -> str:
    found = _TOKEN_IN_JSON.sub(lambda part: f'{part[1]}"{length_note(part[2].strip(_QUOTE))}"', text)
    for secret in (_SECRET_IN_TEXT, _V1_AUTHORIZATION):
        found = secret.sub(lambda part: part[1] + length_note(part[2]), found)
    return found


def _redact_policy(policy: str, tokens: Mapping[str, str]) -> str:
    """Return the policy as base64 with its tokens replaced; unchanged if it has none."""
    if len(policy) > KEPT_POLICY_BYTES:
        return length_note(policy)
    try:
        text = base64.b64decode(policy).decode()
    except (binascii.Error, ValueError):
        return policy
    shown = text
    for secret, length in tokens.items():
        shown = shown.replace(secret, length)
    shown = _without_named_secret(shown)
    return policy if shown == text else base64.b64encode(shown.encode()).decode()


def _size(texts: Iterable[str]) -> int:
    return sum(len(text.encode(errors="surrogatepass")) for text in texts)


def _whole_characters(encoded: bytes) -> str:
    try:
        return encoded.decode(errors="surrogatepass")
    except UnicodeDecodeError as error:
        return encoded[: error.start].decode(errors="surrogatepass")
