"""One instance of a function: its settings, its handler, and an invocation that no failure inside escapes.

Function Compute kills an instance whose handler takes too long. Here one process serves many requests and
cannot be killed for one of them: the handler's thread goes on, and its late result is dropped.
"""

import importlib
import json
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from local.fc.event import Context
from local.fc.reply import Answer, answer_from_reply, crash_answer, timeout_answer

Handler = Callable[[bytes, Context], object]
Wait = Callable[[threading.Event, float], bool]

DEFAULT_TIMEOUT_SECONDS = 5.0


class Settings(NamedTuple):
    """The folder of the function, the methods of its trigger, whether all bodies are base64, its timeout.

    `host` is the name by which other machines reach this one, empty if they do not; `addresses` has what they
    call each address that the function knows.
    """

    folder: Path
    methods: frozenset[str]
    always_base64: bool
    timeout_seconds: float
    host: str = ""
    addresses: Mapping[str, str] = {}

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read EMULATE_* from `env`; `ValueError` names every wrong variable and what is expected."""
        wrong = []
        folder = Path(env.get("EMULATE_FUNCTION", ""))
        if not (folder / "main.py").is_file():
            wrong.append("EMULATE_FUNCTION: a folder with a main.py")
        methods = frozenset(
            filter(None, (name.strip().upper() for name in env.get("EMULATE_METHODS", "").split(",")))
        )
        if not methods:
            wrong.append("EMULATE_METHODS: the methods the trigger lists, such as GET,OPTIONS")
        reading = env.get("EMULATE_BASE64", "binary")
        if reading not in {"binary", "always"}:
            wrong.append("EMULATE_BASE64: binary or always")
        seconds = positive_seconds(env.get("EMULATE_TIMEOUT", str(DEFAULT_TIMEOUT_SECONDS)))
        if seconds is None:
            wrong.append("EMULATE_TIMEOUT: seconds, more than 0")
        if wrong or seconds is None:
            raise ValueError("; ".join(wrong))
        addresses = json.loads(env.get("EMULATE_ADDRESSES") or "{}")
        return cls(
            folder.resolve(), methods, reading == "always", seconds, env.get("EMULATE_HOST", ""), addresses
        )


def positive_seconds(text: str) -> float | None:
    """Return the number in `text`, or None unless it is a finite one above zero."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < float("inf") else None


def load_handler(folder: Path) -> Handler:
    """Import `main` with `folder` first on the path and return its handler.

    When the import fails, every invocation raises the exception of the import: so does an instance of
    Function Compute that cannot start.
    """
    sys.path.insert(0, str(folder))
    try:
        handler: Handler = importlib.import_module("main").handler
    except BaseException as error:  # noqa: BLE001 - SystemExit in an import must not end this process either
        failure = error

        def failing(_event: bytes, _context: Context) -> object:
            raise failure

        return failing
    return handler


def invoke_handler(
    handler: Handler,
    event: dict[str, object],
    context: Context,
    seconds: float,
    wait: Wait = threading.Event.wait,
) -> Answer:
    """Call `handler` with the event's bytes; answer within `seconds`, whatever it returns or raises."""
    finished = threading.Event()
    answers: list[Answer] = []

    def run() -> None:
        try:
            answers.append(answer_from_reply(handler(json.dumps(event).encode(), context)))
        except BaseException as error:  # noqa: BLE001 - SystemExit in a handler is only a failed invocation
            traceback.print_exc()
            answers.append(crash_answer(error))
        finished.set()

    threading.Thread(target=run, daemon=True).start()
    return answers[0] if wait(finished, seconds) else timeout_answer(seconds)
