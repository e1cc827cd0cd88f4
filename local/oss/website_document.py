"""A website configuration as XML: what PUT /?website may set, and what GET /?website answers.

Source: OSS PutBucketWebsite and GetBucketWebsite pages. Codes for wrong values are on no page: MalformedXML.
"""

from xml.etree.ElementTree import Element

from oss.configuration_xml import children, document, element, malformed_xml, read_xml, text_elements, texts
from oss.errors import not_emulated
from oss.website import Missing, Website

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
