"""Small XML documents: parsed strictly, without DOCTYPE, and written.

What the elements mean is decided elsewhere.
Source: OSS PutBucketCors, PutBucketWebsite and PutBucketVersioning pages for the form; 400 error page for
MalformedXML. Whether OSS refuses an element it does not know is unconfirmed; it is refused.
"""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, ParseError, fromstring

from oss_emulator.errors import OssError, xml_document, xml_text

MAX_DOCUMENT_BYTES = 16 * 1024  # OSS: PutBucketCors page, for its XML; taken for the other documents too

_MESSAGE = "The XML you provided was not well-formed or did not validate against our published schema."


def malformed_xml(ec: str = "", *, expected: str = "", got: str = "") -> OssError:
    """400 MalformedXML (OSS: 400 error page); `expected` and `got` are for the page at `/-/`."""
    error = OssError(400, "MalformedXML", _MESSAGE, ec)
    error.explanation = {name: text for name, text in (("expected", expected), ("got", got)) if text}
    return error


def read_xml(document: bytes, root: str, *, max_bytes: int = MAX_DOCUMENT_BYTES) -> Element:
    """Parse `document`, whose root is `root` in any namespace. Raises OssError."""
    try:
        text = document.decode()
    except UnicodeDecodeError:
        raise malformed_xml(expected="UTF-8") from None
    # Checked before the parser runs: without a DOCTYPE no entity can expand or read a file.
    if len(document) > max_bytes or "<!DOCTYPE" in text:
        raise malformed_xml(expected=f"at most {max_bytes} bytes and no DOCTYPE")
    try:
        element = fromstring(text)  # noqa: S314 - bounded and without DOCTYPE, see above
    except ParseError as error:
        raise malformed_xml(got=str(error)) from None
    if _name(element) != root:
        raise malformed_xml(expected=root, got=_name(element))
    return element


def children(
    parent: Element, *, many: Sequence[str] = (), one: Sequence[str] = ()
) -> Mapping[str, list[Element]]:
    """Return the children of `parent` by name: any number of `many`, at most one each of `one`, no other."""
    found: dict[str, list[Element]] = {name: [] for name in (*many, *one)}
    for child in parent:
        name = _name(child)
        if name not in found or (name in one and found[name]):
            raise malformed_xml(got=f"{name} in {_name(parent)}")
        found[name].append(child)
    return found


def texts(elements: Sequence[Element]) -> tuple[str, ...]:
    """Return the stripped text of elements that contain only text. Raises OssError."""
    for element in elements:
        if len(element):
            raise malformed_xml(got=f"elements in {_name(element)}")
    return tuple((element.text or "").strip() for element in elements)


def element(name: str, *content: str) -> str:
    """Return an element; `content` is XML already."""
    return f"<{name}>{''.join(content)}</{name}>"


def text_elements(name: str, values: Sequence[str]) -> str:
    """Return an element for each of `values`."""
    return "".join(element(name, xml_text(value)) for value in values)


def document(root: str) -> bytes:
    """Return the document with this root element."""
    return xml_document(root)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
