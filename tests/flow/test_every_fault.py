"""One file of 1 GB in each browser engine that meets every fault in turn: it is stored whole, and once.

The stand-in counts: a part that arrived whole is never sent again, whatever happens to others.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.browser import PATIENCE
from tests.support.engines import Tab
from tests.support.network_faults import stored_keys
from tests.support.page.engine_page import EnginePage, state
from tests.support.sparse_file import crc64_of_file, sparse_file
from tests.support.stack import Stack

SIZE = 1_000_000_000
PARTS = 120
POLL_SECONDS = 0.05
AT_ONCE = 4  # parts of one file
WHOLE, LOST = 200, 0  # statuses in the stand-in's list of requests; 0: the connection was reset
STRUCK: dict[
    int, tuple[dict[str, Any], list[int]]
] = {  # part: the fault that it meets, and with which statuses its requests end
    5: ({"name": "reset", "after_bytes": 3_000_000}, [LOST, WHOLE]),
    10: ({"name": "url_expired"}, [403, WHOLE]),
    15: ({"name": "answer_lost"}, [LOST, WHOLE]),
    20: ({"name": "part_corrupted"}, [WHOLE, WHOLE]),
    25: ({"name": "server_error", "status": 502}, [502, WHOLE]),
    30: ({"name": "throttle"}, [503, WHOLE]),
    35: ({"name": "token_expired"}, [403, WHOLE]),
    40: ({"name": "crc_missing"}, [WHOLE]),
}
OFFLINE_AT, KILLED_AT, STALLED = 55, 80, 90


def part_requests(stack: Stack) -> list[Any]:
    """Return the requests for parts that the stand-in has answered since it started, the oldest first."""
    answer = stack.http.get(f"{stack.upload}/-/requests", params={"method": "PUT"}, timeout=9)
    return list(reversed(answer.json()))


def statuses(requests: Iterable[Any], key: str) -> dict[int, list[int]]:
    """Return the statuses of the requests for each part of an object, by its number."""
    found = defaultdict(list)
    for one in requests:
        if one["key"] == key:
            found[int(parse_qs(one["query"])["partNumber"][0])].append(one["status"])
    return dict(found)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sparse_file(tmp_path_factory.mktemp("film") / "film.mp4", SIZE)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, because it is killed; it accepts files of 2 GB."""
    stack = Stack(tmp_path_factory.mktemp("killed"), MAX_BYTES=str(2_000_000_000))
    yield stack
    stack.end()


@pytest.fixture
def page(tab: Tab, started: Stack) -> Iterator[EnginePage]:
    page = EnginePage(tab, started)
    yield page
    assert tab.run("() => window.wrong") == []


def hold(stack: Stack, number: int) -> None:
    """Wait until this part and the next ones, as many as go at once, are on their way and stay there."""
    order: dict[str, Any] = {"operation": "UploadPart", "after_bytes": 1_000_000, "seconds": 600}
    stack.fault("stall", **{**order, "part_number": number})
    wait_until_met(stack, "stall")
    stack.fault("stall", **{**order, "requests": AT_ONCE - 1})
    wait_until_met(stack, "stall")


def wait_until_met(stack: Stack, fault: str) -> None:
    ends = time.monotonic() + PATIENCE / 1000
    while fault in {one["fault"] for one in stack.pending_faults()}:
        assert time.monotonic() < ends
        Event().wait(POLL_SECONDS)


def test_after_a_reload_only_the_parts_on_their_way_are_sent_again(
    page: EnginePage, started: Stack, tmp_path: Path
) -> None:
    film = sparse_file(tmp_path / "film.mp4", 300_000_000)
    page.send(film)
    hold(started, 22)  # of 36: 60 % have arrived
    arrived = part_requests(started)
    page.open()
    page.texts(state("unfinished"))
    page.send(film)
    (answer,) = page.ended()
    sent = statuses(part_requests(started), answer["key"])
    assert len(sent) == 36
    again = {number for number, ends in sent.items() if len(ends) > 1}
    assert again.isdisjoint(statuses(arrived, answer["key"])), sent
    assert len(again) <= AT_ONCE
    assert answer["crc64"] == crc64_of_file(film)


def test_one_gigabyte_survives_every_fault_and_each_part_is_sent_once(
    page: EnginePage, started: Stack, film: Path
) -> None:
    stack = started
    for number, (order, _) in STRUCK.items():
        stack.fault(**order, operation="UploadPart", part_number=number)
    page.send(film)

    hold(stack, OFFLINE_AT)
    requests = part_requests(stack)
    page.tab.go_offline(offline=True)
    stack.kill()
    page.wait_for_text("[data-testid=upload] [data-testid=state]", "Waiting for the network")
    stack.start()
    page.tab.go_offline(offline=False)

    hold(stack, KILLED_AT)
    requests += part_requests(stack)
    stack.kill()
    stack.start()

    stack.fault("stall", operation="UploadPart", part_number=STALLED, after_bytes=1_000_000, seconds=600)
    stack.fault("answer_lost", operation="CompleteMultipartUpload")
    stack.fault("callback_down")
    before = stored_keys(stack)
    (answer,) = page.ended()
    requests += part_requests(stack)

    expected = {number: [WHOLE] for number in range(1, PARTS + 1)}
    for number, (_, ends) in STRUCK.items():
        expected[number] = ends
    sent = statuses(requests, answer["key"])
    assert sent.pop(STALLED)[-1] == expected.pop(STALLED)[-1]  # what was sent until then may be listed too
    assert sent == expected
    assert stack.pending_faults() == []
    assert stored_keys(stack) - before == {answer["key"]}
    stored = stack.headers_of(answer["key"])
    assert (answer["size"], int(stored["Content-Length"])) == (SIZE, SIZE)
    assert answer["crc64"] == stored["x-oss-hash-crc64ecma"] == crc64_of_file(film)
