"""CORS rules, website and versioning as XML: read from PUT, written for GET.

Source of CORS: OSS PutBucketCors and GetBucketCors pages; CORSRuleBeyondLimit from the 400 error page; EC
0034-00000002 (no rule), -004 (ResponseVary), -011 (AllowedMethod), -013 (ExposeHeader). That these ECs come
with MalformedXML is inferred. Newer guides allow 20 rules, the page and the error 10. InvalidArgument for a
MaxAgeSeconds of -1 and AllowedHeader in lower case are from the SDKs' live tests; the words are unconfirmed.
Of the website: PutBucketWebsite and GetBucketWebsite pages; none has codes for wrong values: MalformedXML.
Of versioning: PutBucketVersioning and GetBucketVersioning pages: once on, versioning can only be suspended,
and a bucket that never had it answers without a Status.
"""

import re
from xml.etree.ElementTree import Element

from oss_emulator.bucket.cors import Cors, CorsRule
from oss_emulator.errors import OssError, invalid_argument, not_emulated
from oss_emulator.settings import ACCOUNT_ID
from oss_emulator.website.rules import Missing, Website
from oss_emulator.xml_documents import (
    children,
    document,
    element,
    malformed_xml,
    read_xml,
    text_elements,
    texts,
)

MAX_RULES = 10
MAX_AGE_SECONDS = 999_999_999
METHODS = ("GET", "PUT", "DELETE", "POST", "HEAD")

_AGE = re.compile("-?[0-9]+", re.ASCII)
_EXPOSED = re.compile(
    r"[!#$%+.^_`|~0-9A-Za-z-]+"
)  # a header's name without `*`, `&` and `'` (EC 0034-00000013)


def read_cors(content: bytes) -> Cors:
    """Return the rules that the XML in `content` sets. Raises OssError."""
    found = children(read_xml(content, "CORSConfiguration"), many=("CORSRule",), one=("ResponseVary",))
    if not found["CORSRule"]:
        raise malformed_xml("0034-00000002", expected="CORSRule")
    if len(found["CORSRule"]) > MAX_RULES:
        raise OssError(400, "CORSRuleBeyondLimit", "The CORS Rules num is beyond limit.")
    vary = texts(found["ResponseVary"])
    if vary and vary[0] not in {"true", "false"}:
        raise malformed_xml("0034-00000004", expected="ResponseVary true or false", got=vary[0])
    return Cors(tuple(_rule(rule) for rule in found["CORSRule"]), vary == ("true",))


def cors_document(cors: Cors) -> bytes:
    """Return the XML that GET /?cors answers."""
    vary = element("ResponseVary", str(cors.response_vary).lower())
    return document(element("CORSConfiguration", *(_rule_element(rule) for rule in cors.rules), vary))


def _rule(rule: Element) -> CorsRule:
    lists = ("AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader")
    found = {name: texts(items) for name, items in children(rule, many=lists, one=("MaxAgeSeconds",)).items()}
    if not found["AllowedOrigin"]:
        raise malformed_xml(expected="AllowedOrigin")
    for pattern in found["AllowedOrigin"] + found["AllowedHeader"]:
        if not pattern or pattern.count("*") > 1:
            raise malformed_xml(expected="one * at most, and not empty", got=pattern)
    if not found["AllowedMethod"] or set(found["AllowedMethod"]) - {*METHODS}:
        raise malformed_xml("0034-00000011", expected=f"AllowedMethod, of {', '.join(METHODS)}")
    for name in found["ExposeHeader"]:
        if not _EXPOSED.fullmatch(name):
            raise malformed_xml("0034-00000013", expected="ExposeHeader, a header's name", got=name)
    return CorsRule(
        origins=found["AllowedOrigin"],
        methods=found["AllowedMethod"],
        headers=found["AllowedHeader"],
        exposed=found["ExposeHeader"],
        max_age_seconds=_age(found["MaxAgeSeconds"][0]) if found["MaxAgeSeconds"] else None,
    )


def _age(text: str) -> int:
    if not _AGE.fullmatch(text):
        raise malformed_xml(expected="MaxAgeSeconds, a whole number", got=text)
    digits = text.lstrip("0") or "0"
    if text.startswith("-") or len(digits) > len(str(MAX_AGE_SECONDS)):
        raise invalid_argument("The MaxAgeSeconds is invalid.", name="MaxAgeSeconds", value=text)
    return int(digits)


def _rule_element(rule: CorsRule) -> str:
    ages = () if rule.max_age_seconds is None else (str(rule.max_age_seconds),)
    return element(
        "CORSRule",
        text_elements("AllowedOrigin", rule.origins),
        text_elements("AllowedMethod", rule.methods),
        text_elements("AllowedHeader", tuple(header.lower() for header in rule.headers)),
        text_elements("ExposeHeader", rule.exposed),
        text_elements("MaxAgeSeconds", ages),
    )


ERROR_STATUSES = ("404", "200")

_TYPES = tuple(each.value for each in Missing)


def read_website(content: bytes) -> Website:
    """Return the configuration that the XML in `content` sets. Raises OssError."""
    parts = ("IndexDocument", "ErrorDocument", "RoutingRules")
    found = children(read_xml(content, "WebsiteConfiguration"), one=parts)
    if found["RoutingRules"] and len(found["RoutingRules"][0]):
        raise not_emulated("RoutingRules of a website")
    if not found["IndexDocument"] and not found["ErrorDocument"]:
        raise malformed_xml(expected="IndexDocument or ErrorDocument")
    index = _values(found["IndexDocument"], ("Suffix", "SupportSubDir", "Type"))
    error = _values(found["ErrorDocument"], ("Key", "HttpStatus"))
    suffix, key = index.get("Suffix", ""), error.get("Key", "")
    if found["IndexDocument"] and (not suffix or "/" in suffix):
        raise malformed_xml(expected="Suffix, not empty and without a slash", got=suffix)
    if found["ErrorDocument"] and not key:
        raise malformed_xml(expected="Key of ErrorDocument")
    return Website(
        index=suffix,
        sub_directories=_one_of(index.get("SupportSubDir", "false"), ("false", "true")) == "true",
        missing=Missing(_one_of(index.get("Type", "0"), _TYPES)),
        error_key=key,
        error_status=int(_one_of(error.get("HttpStatus", "404"), ERROR_STATUSES)),
    )


def website_document(website: Website) -> bytes:
    """Return the XML that GET /?website answers."""
    index = element(
        "IndexDocument",
        text_elements("Suffix", (website.index,)),
        element("SupportSubDir", str(website.sub_directories).lower()),
        element("Type", website.missing.value),
    )
    error = element(
        "ErrorDocument",
        text_elements("Key", (website.error_key,)),
        element("HttpStatus", str(website.error_status)),
    )
    parts = (index if website.index else "", error if website.error_key else "")
    return document(element("WebsiteConfiguration", *parts))


def _values(parents: list[Element], names: tuple[str, ...]) -> dict[str, str]:
    found = [children(parent, one=names) for parent in parents]
    return {name: texts(items)[0] for part in found for name, items in part.items() if items}


def _one_of(value: str, values: tuple[str, ...]) -> str:
    if value not in values:
        raise malformed_xml(expected=f"one of {', '.join(values)}", got=value)
    return value


def acl_document(acl: str) -> bytes:
    """Return the XML that GET ?acl of a bucket or an object answers."""
    owner = element("Owner", element("ID", ACCOUNT_ID), element("DisplayName", ACCOUNT_ID))
    grant = element("AccessControlList", element("Grant", acl))
    return document(element("AccessControlPolicy", owner, grant))


STATES = ("Enabled", "Suspended")


def read_versioning(content: bytes) -> str:
    """Return the state that the XML in `content` sets. Raises OssError."""
    root = read_xml(content, "VersioningConfiguration")
    states = texts(children(root, one=("Status",))["Status"])
    if not states or states[0] not in STATES:
        raise malformed_xml(expected=f"Status, one of {', '.join(STATES)}")
    return states[0]


def versioning_document(state: str) -> bytes:
    """Return the XML that GET /?versioning answers; `state` is empty if versioning was never set."""
    return document(element("VersioningConfiguration", element("Status", state) if state else ""))
