"""The page in any browser engine: what a person does on it, and what it then shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.browser import PATIENCE
from tests.support.engines import Tab
from tests.support.stack import Stack

INPUT = ".uppy-Dashboard-input"
START = ".uppy-StatusBar-actionBtn--upload"
NEW_PAGE = """() => {
    window.wrong = [];
    addEventListener('error', ({ message }) => wrong.push(message));
    addEventListener('unhandledrejection', ({ reason }) => wrong.push(String(reason)));
    addEventListener('securitypolicyviolation', ({ violatedDirective }) => wrong.push(violatedDirective));
}"""
WAIT = """async (selector, count, patience) => {
    const ends = performance.now() + patience;
    while (performance.now() < ends) {
        const found = document.querySelectorAll(selector);
        if (found.length >= count) return [...found].map(({ textContent }) => textContent);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`No ${selector} on: ${document.body.innerText}`);
}"""

WAIT_FOR_TEXT = """async (selector, text, patience) => {
    const ends = performance.now() + patience;
    while (!document.querySelector(selector)?.textContent.includes(text)) {
        if (performance.now() > ends) throw new Error(`No "${text}" on: ${document.body.innerText}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}"""


class EnginePage:
    """The page in one engine, once files can be chosen."""

    def __init__(self, tab: Tab, stack: Stack) -> None:
        self.tab = tab
        self._site = stack.site
        self.open()

    def open(self) -> None:
        self.tab.open(f"{self._site}/")
        self.tab.run(NEW_PAGE)
        self.texts(INPUT)

    def texts(self, selector: str, count: int = 1) -> list[str]:
        """Wait until so many elements are there; return their texts."""
        texts: list[str] = self.tab.run(WAIT, selector, count, PATIENCE)
        return texts

    def send(self, *files: Path) -> None:
        self.tab.choose(INPUT, files)
        self.texts(f"{START}:not([disabled])")
        self.tab.click(START)

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until the first element that matches shows this text."""
        self.tab.run(WAIT_FOR_TEXT, selector, text, PATIENCE)

    def ended(self, count: int = 1) -> list[Any]:
        """Wait until so many uploads are done; return the callback's answers."""
        self.texts(state("done"), count)
        return [json.loads(text) for text in self.texts("[data-testid=answer]", count)]


def state(name: str) -> str:
    return f"[data-testid=upload][data-state={name}]"
