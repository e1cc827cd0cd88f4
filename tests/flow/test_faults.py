"""Faults around the functions: the page says what is wrong, and after the repair it completes the upload.

Whatever fails, one file is stored, the backend gets it under one id, and the page shows the backend's answer.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.environment import processes_at
from tests.support.network_faults import (
    Relay,
    answer_503,
    answering_with,
    close_connection,
    expect_one_upload,
    keep_silent,
)
from tests.support.page.actions import PHOTO, ended, fast_forward_until, open_page, posts_to, send
from tests.support.single_function import single_function
from tests.support.stack import md5
from tests.support.watched_stack import WATCHED, WatchedStack, watched_stack

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are found in /proc, and limited as only Linux can"
)
HOURS = 5 * 3600
SMALLER_THAN_THE_FILE = len(PHOTO) // 2
FROM_THE_FUTURE, RUN_OUT = "did not understand one of the upload's fields", "kept running out"


@dataclass(frozen=True)
class Scene:
    """A stack with a watched callback function, whose HEADs pass through the relay `bucket`."""

    watched: WatchedStack
    bucket: Relay


Break = Callable[[Scene], AbstractContextManager[object]]


# each leaves the file stored and unconfirmed until the repair
LASTING: Mapping[str, Break] = {
    "the bucket's HEAD is down": lambda scene: answering_with(scene.bucket, close_connection),
    "the bucket's HEAD is slow": lambda scene: keep_silent(scene.bucket),
    "the bucket's HEAD answers 503": lambda scene: answering_with(scene.bucket, answer_503),
    "the backend is down": lambda scene: answering_with(scene.watched.backend, close_connection),
    "the backend is slow": lambda scene: keep_silent(scene.watched.backend),
    "the backend answers 503": lambda scene: answering_with(scene.watched.backend, answer_503),
    "the callback's clock is hours fast": lambda scene: scene.watched.clock_wrong_by(HOURS),
    "the callback's clock is hours slow": lambda scene: scene.watched.clock_wrong_by(-HOURS),
}


@contextmanager
def another_etag_at_first(scene: Scene) -> Iterator[None]:
    """Have the first HEAD, that of the callback, answer with another ETag."""

    def once(asked: Any) -> None:
        scene.bucket.answer_headers = {"ETag": f'"{md5(b"other")}"'}
        scene.bucket.pass_on(asked)
        scene.bucket.answer_headers, scene.bucket.raw = {}, scene.bucket.pass_on

    with answering_with(scene.bucket, once):
        yield
        assert scene.bucket.raw == scene.bucket.pass_on


@contextmanager
def flapping(scene: Scene) -> Iterator[None]:
    """Have the backend fail at every other delivery."""
    backend, deliveries = scene.watched.backend, count()
    with answering_with(
        backend, lambda asked: answer_503(asked) if next(deliveries) % 2 == 0 else backend.answer(asked)
    ):
        yield


@contextmanager
def killed(scene: Scene) -> Iterator[None]:
    """Kill the function's process while the backend holds the delivery; gunicorn starts another."""
    _, worker = processes_at(scene.watched.callback.rpartition(":")[2])

    def kill(_: Any) -> None:
        scene.watched.backend.raw = None
        os.kill(worker, signal.SIGKILL)

    with answering_with(scene.watched.backend, kill):
        yield
    assert worker not in processes_at(scene.watched.callback.rpartition(":")[2])


# each ends by itself before the page gives up
PASSING: Mapping[str, Break] = {
    "the callback's HEAD has another ETag": another_etag_at_first,
    "the backend is flapping": flapping,
    "the callback's process is killed": killed,
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    bucket = Relay()
    with bucket.serving(), watched_stack(tmp_path_factory.mktemp("scene"), OBJECT_URL=bucket.url) as watched:
        bucket.target = watched.stack.upload
        yield Scene(watched, bucket)


@pytest.mark.parametrize("breaks", LASTING.values(), ids=LASTING)
def test_what_is_stored_is_confirmed_once_it_is_mended(breaks: Break, scene: Scene, browser: Browser) -> None:
    stack = scene.watched.stack
    page = open_page(browser, stack.site)
    page.clock.install()
    posts = posts_to(page, stack.upload)
    with expect_one_upload(scene.watched) as check:
        with breaks(scene):
            row = send(page)
            expect(row).to_have_attribute("data-state", re.compile("confirm"))
            fast_forward_until(page, row, "not_confirmed")
            expect(row.get_by_test_id("state")).to_have_text("Stored, not confirmed")
            expect(row.get_by_test_id("sentence")).to_contain_text("sent again only if it is missing")
        page.clock.resume()
        row.get_by_test_id("retry").click()
        check(ended(row))
    assert len(posts) == 1
    page.context.close()


@pytest.mark.parametrize("breaks", PASSING.values(), ids=PASSING)
def test_what_passes_needs_nobody(breaks: Break, scene: Scene, browser: Browser) -> None:
    page = open_page(browser, scene.watched.stack.site)
    posts = posts_to(page, scene.watched.stack.upload)
    with expect_one_upload(scene.watched) as check, breaks(scene):
        check(ended(send(page)))
    assert len(posts) == 1
    page.context.close()


@contextmanager
def disk_full(scene: Scene) -> Iterator[None]:
    """Limit the size of the files that the stand-in may write, so that the system fails its writes."""
    processes = processes_at(scene.watched.stack.upload.rpartition(":")[2])
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in processes]
    for pid, (_, most) in zip(processes, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALLER_THAN_THE_FILE, most))
    yield
    for pid, limits in zip(processes, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def faulty(scene: Scene, name: str, **options: object) -> Iterator[None]:
    """Order a fault of the stand-in for every request until the block ends."""
    scene.watched.stack.fault(name, scene.watched.stack.upload, requests=1000, **options)
    yield
    scene.watched.stack.clear_faults()


# each keeps the file from being stored, with the words of the page
KEEPING_OUT: Mapping[str, tuple[Break, str]] = {
    "the disk is full": (disk_full, "out of order at the moment (500)"),
    "the credentials expired": (lambda scene: faulty(scene, "token_expired"), RUN_OUT),
    "OSS's clock is hours fast": (
        lambda scene: faulty(scene, "clock_offset", seconds=HOURS),
        RUN_OUT,
    ),
    "OSS's clock is hours slow": (
        lambda scene: faulty(scene, "clock_offset", seconds=-HOURS),
        FROM_THE_FUTURE,
    ),
}


def again(page: Page, row: Locator) -> Locator:
    """Press Retry; choose the file again where there is no such button, because the refusal was final."""
    if not row.get_by_test_id("retry").is_visible():
        row.get_by_test_id("remove").click()
        return send(page)
    row.get_by_test_id("retry").click()
    return row


@pytest.mark.parametrize(("breaks", "sentence"), KEEPING_OUT.values(), ids=KEEPING_OUT)
def test_what_is_not_stored_is_sent_once_it_is_mended(
    breaks: Break, sentence: str, scene: Scene, browser: Browser
) -> None:
    page = open_page(browser, scene.watched.stack.site)
    page.clock.install()
    with expect_one_upload(scene.watched) as check:
        with breaks(scene):
            row = send(page)
            fast_forward_until(page, row, "failed")
            expect(row.get_by_test_id("sentence")).to_contain_text(sentence)
        page.clock.resume()
        check(ended(again(page, row)))
    page.context.close()


@pytest.mark.parametrize(("seconds", "shown"), [(HOURS, FROM_THE_FUTURE), (-HOURS, RUN_OUT)])
def test_a_token_function_with_a_wrong_clock(
    seconds: int, shown: str, scene: Scene, browser: Browser, tmp_path: Path
) -> None:
    stack, clock = scene.watched.stack, tmp_path / "clock"
    clock.write_text(str(seconds), encoding="ascii")
    wrong = {"PYTHONPATH": str(WATCHED), "WATCHED_CLOCK": str(clock), "MAX_BYTES": "1000000"}
    page = open_page(browser, stack.site)
    page.clock.install()
    with expect_one_upload(scene.watched) as check:
        with single_function("token", stack, CALLBACK_URL=scene.watched.callback, **wrong) as token:
            there = re.compile(re.escape(stack.token))
            page.route(there, lambda route: route.continue_(url=there.sub(token, route.request.url)))
            row = send(page)
            fast_forward_until(page, row, "failed")
            expect(row.get_by_test_id("sentence")).to_contain_text(shown)
        page.unroute_all()
        page.clock.resume()
        check(ended(again(page, row)))
    page.context.close()
