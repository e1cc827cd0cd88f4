"""CORS rules as XML: what PUT /?cors may set, and what GET /?cors answers.

Source: OSS PutBucketCors and GetBucketCors pages; CORSRuleBeyondLimit from the 400 error page; EC
0034-00000002 (no rule), -004 (ResponseVary), -011 (AllowedMethod), -013 (ExposeHeader). That these ECs come
with MalformedXML is inferred. Newer guides speak of 20 rules, the page and the error of 10.
"""

import re
from xml.etree.ElementTree import Element

from oss.configuration_xml import children, document, element, malformed_xml, read_xml, text_elements, texts
from oss.cors import Cors, CorsRule
from oss.errors import OssError

MAX_RULES = 10
METHODS = ("GET", "PUT", "DELETE", "POST", "HEAD")

_AGE = re.compile("[0-9]{1,9}")
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
    if any(not _AGE.fullmatch(age) for age in found["MaxAgeSeconds"]):
        raise malformed_xml(expected="MaxAgeSeconds, a whole number", got=found["MaxAgeSeconds"][0])
    return CorsRule(
        origins=found["AllowedOrigin"],
        methods=found["AllowedMethod"],
        headers=found["AllowedHeader"],
        exposed=found["ExposeHeader"],
        max_age_seconds=int(found["MaxAgeSeconds"][0]) if found["MaxAgeSeconds"] else None,
    )


def _rule_element(rule: CorsRule) -> str:
    ages = () if rule.max_age_seconds is None else (str(rule.max_age_seconds),)
    return element(
        "CORSRule",
        text_elements("AllowedOrigin", rule.origins),
        text_elements("AllowedMethod", rule.methods),
        text_elements("AllowedHeader", rule.headers),
        text_elements("ExposeHeader", rule.exposed),
        text_elements("MaxAgeSeconds", ages),
    )
