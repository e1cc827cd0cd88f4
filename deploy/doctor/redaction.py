"""What of an exchange may be written to a file. Everything else is replaced: this is the only place that decides.

Two rules hold for each text. A value that is known to be secret, or to name somebody, is replaced by a name in
whatever encoding it comes. Then only what a pattern for its place allows is kept, so a value that nobody knows
is not written either. Pure.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit

HIDDEN = "***"
NEVER = r"(?!)"  # matches nothing
SHORT = 6  # characters: less occur in any text by chance, so they are looked for as words of their own
MAX_WORD = 20  # characters of a word in a message: secrets are longer
DATE = r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z"
NUMBER = r"-?\d{1,12}"
MEDIA_TYPE = r"[a-z]{1,12}/[a-z0-9.+*-]{1,40}(; ?charset=[A-Za-z0-9-]{1,12})?"
NAMES = r"[A-Za-z-]{1,40}(, ?[A-Za-z-]{1,40})*|\*|"
ACL = r"default|private|public-read|public-read-write"
EC = r"\d{4}-\d{8}"
NAMED = r"[a-z]+(-[a-z]+)*-\d{1,4}(-changed)?"  # what known values are replaced by

REQUEST_HEADERS = {
    "origin": r"https://(www|foreign)\.example(\.com)?",
    "access-control-request-method": r"[A-Z]{3,7}",
    "access-control-request-headers": NAMES,
    "accept-encoding": r"[a-z, ]{1,20}",
    "content-type": MEDIA_TYPE,
    "x-oss-object-acl": ACL,
    "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
    "x-oss-date": r"\d{8}T\d{6}Z",
}
ANSWER_HEADERS = {
    "server": r"[A-Za-z]{1,16}(/[0-9.]{1,8})?",
    "date": DATE,
    "last-modified": DATE,
    "content-type": MEDIA_TYPE,
    "content-length": NUMBER,
    "content-encoding": r"[a-z]{1,8}",
    "content-disposition": "attachment|inline",
    "content-md5": r"[A-Za-z0-9+/]{22}==",
    "connection": r"close|keep-alive",
    "transfer-encoding": "chunked",
    "accept-ranges": "bytes",
    "allow": r"[A-Z ,]{1,60}",
    "vary": NAMES,
    "cache-control": r"[a-z, =0-9-]{1,60}",
    "retry-after": r"\d{1,4}",
    "etag": r'"?[0-9A-F]{32}(-\d{1,5})?"?',
    "access-control-allow-origin": r"https://(www|foreign)\.example(\.com)?|\*",
    "access-control-allow-methods": r"[A-Z]{3,7}(, ?[A-Z]{3,7})*",
    "access-control-allow-headers": NAMES,
    "access-control-expose-headers": NAMES,
    "access-control-max-age": NUMBER,
    "access-control-allow-credentials": "true",
    "x-oss-request-id": r"[0-9A-F]{8}X{16}",
    "x-oss-ec": EC,
    "x-oss-server-time": NUMBER,
    "x-oss-hash-crc64ecma": r"\d{1,20}",
    "x-oss-object-type": r"[A-Z][a-z]{1,12}",
    "x-oss-storage-class": r"[A-Z][A-Za-z]{1,12}",
    "x-oss-force-download": "true",
    "x-oss-delete-marker": "true",
    "x-oss-version-id": NEVER,
    "x-oss-err": NEVER,
    "x-oss-meta-doctor": "doctor",
    "x-amz-meta-doctor": "doctor",
    "x-fc-error-type": r"[A-Za-z]{1,40}",
    "x-fc-request-id": NEVER,
    "x-content-type-options": "nosniff",
}
FIELDS = {
    "key": NAMED,
    "success_action_status": r"\d{3}",
    "content-disposition": NEVER,
    "x-oss-content-type": MEDIA_TYPE,
    "x-oss-object-acl": ACL,
    "x-oss-forbid-overwrite": r"true|false",
    "x-oss-signature-version": r"OSS4-HMAC-SHA256",
    "x-oss-date": r"\d{8}T\d{6}Z",
    "x-oss-credential": NEVER,
    "x-oss-signature": NEVER,
    "x-oss-security-token": NEVER,
    "policy": NEVER,
    "callback": NEVER,
    "acl": ACL,
    "x-amz-acl": ACL,
    "x-amz-meta-doctor": "doctor",
    "x-oss-meta-doctor": "doctor",
}
PARAMETERS = {
    "list-type": r"\d",
    "max-keys": NUMBER,
    "partnumber": NUMBER,
    "uploadid": NEVER,
    "size": NUMBER,
    "type": MEDIA_TYPE,
    "name": r"oss-direct-upload-doctor\.txt",
    "x-oss-signature-version": r"OSS4-HMAC-SHA256",
    "x-oss-date": r"\d{8}T\d{6}Z",
    "x-oss-expires": NUMBER,
    "x-oss-additional-headers": NAMES,
    "x-oss-credential": NEVER,
    "x-oss-signature": NEVER,
    "x-oss-security-token": NEVER,
}
ELEMENTS = {
    "Code": r"[A-Za-z]{1,64}",
    "EC": EC,
    "RecommendDoc": rf"https://api\.(aliyun|alibabacloud)\.com/troubleshoot\?q={EC}",
    "RequestId": r"[0-9A-F]{8}X{16}",
    "HostId": r"[a-z]{1,8}\.example",
    "ArgumentName": r"[A-Za-z0-9-]{1,30}",
    "Method": r"[A-Z]{3,7}",
    "ResourceType": r"[A-Z][a-z]{1,12}",
    "MaxSizeAllowed": NUMBER,
    "ProposedSize": NUMBER,
    "MaxAllowedSkewMilliseconds": NUMBER,
    "RequestTime": TIME,
    "ServerTime": TIME,
    "Expires": TIME,
}
MEMBERS = {
    "status": rf"OK|{NUMBER}",
    "code": r"[A-Za-z]{1,12}([_.]?[A-Za-z]{1,16}){0,3}",
    "max_bytes": NUMBER,
    "size": NUMBER,
    "expires_in": NUMBER,
    "method": r"[A-Z]{3,7}",
    "type": rf"about:blank|{MEDIA_TYPE}",
}
PATHS = re.compile(rf"/(limits|uploads|parts|complete|abort|confirm|callback|index\.html|{NAMED})?")
CONTENT = re.compile("(doctor|DOCTOR)\nx?")
REQUEST_ID = re.compile(r"\b([0-9A-F]{8})[0-9A-F]{16}\b")
TAG = re.compile(r"</?[A-Z][A-Za-z]{0,30}>|<\?xml version=.1\.0. encoding=.(UTF|utf)-8.\?>")
LONG_WORD = re.compile(rf"[^\s\"'<>(),;:\[\]]{{{MAX_WORD + 1},}}")
FIELD_WORD = re.compile(r"\$?[A-Za-z]{1,12}([_-][A-Za-z]{1,12}){1,5}\.?")  # the name of a field or header
CONDITION = re.compile(r'(\["[a-z-]{1,24}", "[^"]*", )"([^"]*)"')
PLAIN_CONDITION = re.compile(rf"{ACL}|true|false|\d{{3}}|OSS4-HMAC-SHA256")
NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|\d{10,}")
NOT_SHOWN = re.compile(r"[^ -~]")
MAX_MESSAGE = 400


class Redactor:
    """Removes what `known` has: values, and the name that each is replaced by, such as `ticket-1`."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._names = {form: name for value, name in known.items() if value for form in encodings(value)}
        longest_first = sorted(self._names, key=len, reverse=True)
        self._known = re.compile("|".join(map(pattern, longest_first)) or NEVER)

    def text(self, text: str) -> str:
        """Replace known values, and the part of a request id behind its time."""
        return REQUEST_ID.sub(r"\1" + 16 * "X", self._known.sub(lambda found: self._names[found[0]], text))

    def value(self, allowed: Mapping[str, str], name: str, value: str) -> str:
        """Return what may be shown of the value that is called `name`: all of it, or `HIDDEN`."""
        shown = self.text(value)
        return shown if re.fullmatch(allowed.get(name, NEVER), shown) else HIDDEN

    def pair(self, allowed: Mapping[str, str], name: str, value: str) -> list[str]:
        """Return name and value of a header, field or parameter, as far as they may be shown."""
        if name.lower() not in allowed:
            return [HIDDEN, HIDDEN]
        return [name, self.value(allowed, name.lower(), value)]

    def path(self, url: str) -> str:
        """Return the path of an address, if it names nothing of the deployment's own."""
        last = f"/{self.text(urlsplit(url).path).rpartition('/')[2]}"
        return last if PATHS.fullmatch(last) else f"/{HIDDEN}"

    def query(self, url: str) -> str:
        """Return the query of an address with its values, as far as they may be shown."""
        given = parse_qsl(urlsplit(url).query, keep_blank_values=True)
        return "&".join("=".join(self.pair(PARAMETERS, name, value)) for name, value in given)

    def content(self, body: bytes) -> str:
        """Return the content of a request: the doctor's own file, or nothing of it."""
        text = body.decode("latin-1")
        return text if not text or CONTENT.fullmatch(text) else HIDDEN

    def body(self, body: bytes) -> str:
        """Return the body of an answer: XML and JSON with the values that may be shown."""
        text = body.decode("utf-8", "replace")
        if text.startswith("<?xml"):
            return self._xml(text)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        return self._json(found) if isinstance(found, dict) else HIDDEN if text else ""

    def message(self, text: str) -> str:
        """Return OSS's message without what it repeats of the request."""
        text = CONDITION.sub(hide_condition, NOT_SHOWN.sub("?", self.text(text)))
        text = LONG_WORD.sub(lambda word: word[0] if FIELD_WORD.fullmatch(word[0]) else HIDDEN, text)
        return NUMBERS.sub(HIDDEN, text)[:MAX_MESSAGE]

    def _xml(self, text: str) -> str:
        shown, name = [], ""
        for tag, between in re.findall(r"(<[^>]*>)|([^<]+)", text):
            if tag:
                name = tag.strip("</>")
                shown.append(tag if TAG.fullmatch(tag) and self.text(tag) == tag else f"<{HIDDEN}>")
            elif between.isspace():
                shown.append(re.sub(r"[^\n ]", " ", between))
            elif name == "Message":
                shown.append(self.message(between))
            else:
                shown.append(self.value(ELEMENTS, name, between))
        return "".join(shown)

    def _json(self, members: Mapping[str, object]) -> str:
        shown = {}
        for name, value in members.items():
            key, text = self.pair(MEMBERS, name, str(value))
            shown[key] = value if isinstance(value, int) and text == str(value) else text
        return json.dumps(shown)


def hide_condition(found: re.Match[str]) -> str:
    """Return a condition of a policy without its value, unless that is a plain one."""
    return f'{found[1]}"{found[2] if PLAIN_CONDITION.fullmatch(found[2]) else HIDDEN}"'


def pattern(form: str) -> str:
    """Return what finds a form in a text."""
    found = re.escape(form)
    return found if len(form) >= SHORT else rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"


def encodings(value: str) -> set[str]:
    """Return the forms in which a value may stand in an answer: as it is, escaped, Base64 and hexadecimal."""
    raw = value.encode()
    encoded = base64.b64encode(raw).decode()
    hexadecimal = raw.hex()
    return {
        value,
        quote(value, ""),
        quote(value),
        quote_plus(value),
        encoded,
        encoded.rstrip("="),
        quote(encoded, ""),
        hexadecimal,
        hexadecimal.upper(),
        raw.hex(" "),
        raw.hex(" ").upper(),
        json.dumps(value)[1:-1],
    }
