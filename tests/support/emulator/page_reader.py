"""A strict parser of the page at /-/, and records for the page to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from oss_emulator.history.records import Attempt, CallbackRecord, RefusalRecord
from tests.support.emulator.scene import NOW, Scene, Seen

VOID = {"meta", "link", "br", "input"}
# what a browser says that will show the answer to a person
OPENED = {"Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none"}


@dataclass
class Element:
    name: str
    attributes: Mapping[str, str]
    parent: Element | None = None
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def words(self) -> str:
        return " ".join(self.text.split())

    def all(self, name: str = "", **attributes: str) -> list[Element]:
        """Return the elements below with this name and these attributes; `class_` is one of the classes."""
        found: list[Element] = []
        for child in self.children:
            if isinstance(child, Element):
                if child.name == (name or child.name) and child.has(attributes):
                    found.append(child)
                found += child.all(name, **attributes)
        return found

    def has(self, attributes: Mapping[str, str]) -> bool:
        wanted = dict(attributes)
        one = wanted.pop("class_", "")
        classes = self.attributes.get("class", "").split()
        return (not one or one in classes) and wanted.items() <= self.attributes.items()


class Reader(HTMLParser):
    """Builds a tree; fails if an end tag does not match the open element."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.children.append(element)
        if tag not in VOID:
            self._open = element

    def handle_endtag(self, tag: str) -> None:
        assert self._open.name == tag, f"</{tag}> closes <{self._open.name}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.children.append(data)


def read(answer: Seen) -> Element:
    assert answer.status == 200, answer.body
    reader = Reader()
    reader.feed(answer.body.decode())
    reader.close()
    return reader.root


def page(scene: Scene, query: str = "") -> Element:
    return read(scene.request("GET", f"/-/{query}", OPENED))


def section(scene: Scene, name: str, query: str = "") -> Element:
    (found,) = page(scene, query).all("section", id=name)
    return found


def table(element: Element, caption: str) -> dict[str, str]:
    (found,) = [one for one in element.all("table") if caption in label(one)]
    return {row.all("th")[0].words: row.all("td")[0].text for row in found.all("tr")}


def label(table: Element) -> str:
    return table.attributes.get("aria-label", "") or table.all("caption")[0].text


def box(element: Element, name: str) -> str:
    (found,) = element.all("div", class_="box", **{"aria-label": name})
    return found.all("pre")[0].text


def refuse(scene: Scene, **changes: Any) -> None:
    plain = {"time": NOW, "request_id": "A" * 24, "method": "POST", "target": "/", "status": 403}
    texts = {"code": "AccessDenied", "message": "no", "ec": "0006-00000227"}
    scene.bucket.history.add_refusal(RefusalRecord(**{**plain, **texts, **changes}))


def marks(element: Element) -> str:
    shown = ""
    for child in element.children:
        if isinstance(child, str):
            shown += child
        else:
            inner = marks(child) + child.attributes.get("data-name", "")
            shown += f"[{inner}]" if child.name == "mark" else inner
    return shown


def called_back(body: bytes, body_type: str) -> CallbackRecord:
    attempt = Attempt(
        url="http://a/",
        headers={"Content-Type": body_type},
        string_to_sign=b"/\n" + body,
        status=200,
        answer_headers={},
        answer=b"\xff",
    )
    return CallbackRecord(time=NOW, request_id="A" * 24, key="a", body=body, attempts=[attempt])
