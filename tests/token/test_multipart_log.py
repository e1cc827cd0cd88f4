"""Each request of an upload in parts is logged under the upload's id, whatever came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.emulator.scene import CLOCK
from tests.support.fc_events import Answer
from tests.support.multipart import Deployment

HOUR = 3600
Case = Callable[[Deployment, Any], Answer]


def ask_parts(deployed: Deployment, grant: Any, *numbers: int) -> Answer:
    return deployed.ask("/parts", {"ticket": grant["ticket"], "numbers": numbers})


def after(prepare: Callable[[Deployment, Any], object], ask: Case) -> Case:
    def asked(deployed: Deployment, grant: Any) -> Answer:
        prepare(deployed, grant)
        return ask(deployed, grant)

    return asked


def in_the_last_hour(deployed: Deployment, _: Any) -> None:
    deployed.scene.now = int(CLOCK) + 23 * HOUR


def in_the_last_minute(deployed: Deployment, _: Any) -> None:
    deployed.scene.now = int(CLOCK) + 24 * HOUR - 60


def fault(name: str, operation: str) -> Callable[[Deployment, Any], None]:
    order = {"fault": name, "operation": operation}
    return lambda deployed, _: deployed.scene.bucket.faults.set(order)


def sent_and(name: str) -> Callable[[Deployment, Any], None]:
    def prepare(deployed: Deployment, grant: Any) -> None:
        deployed.send(grant)
        fault(name, "CompleteMultipartUpload")(deployed, grant)

    return prepare


CASES: dict[str, tuple[Case, int, str]] = {
    "addresses": (lambda deployed, grant: ask_parts(deployed, grant, 1), 200, "ok"),
    "no such part": (lambda deployed, grant: ask_parts(deployed, grant, 2), 400, "numbers_invalid"),
    "addresses too late": (
        after(in_the_last_hour, lambda deployed, grant: ask_parts(deployed, grant, 1)),
        409,
        "upload_expired",
    ),
    "complete": (after(Deployment.send, Deployment.complete), 200, "ok"),
    "complete with a failing callback": (
        after(sent_and("callback_down"), Deployment.complete),
        203,
        "callback_failed",
    ),
    "complete with nothing": (Deployment.complete, 409, "parts_missing"),
    "complete too late": (after(in_the_last_minute, Deployment.complete), 409, "upload_expired"),
    "complete after the abort": (after(Deployment.abort, Deployment.complete), 409, "upload_gone"),
    "complete while OSS lists nothing": (
        after(fault("server_error", "ListParts"), Deployment.complete),
        503,
        "list_500",
    ),
    "complete while OSS completes nothing": (
        after(sent_and("throttle"), Deployment.complete),
        503,
        "complete_503",
    ),
    "complete while OSS answers nothing": (
        after(sent_and("answer_lost"), Deployment.complete),
        503,
        "bucket_unanswered",
    ),
    "abort": (Deployment.abort, 200, "ok"),
    "abort twice": (after(Deployment.abort, Deployment.abort), 409, "upload_gone"),
    "abort while OSS aborts nothing": (
        after(fault("server_error", "AbortMultipartUpload"), Deployment.abort),
        503,
        "abort_500",
    ),
    "abort while OSS answers nothing": (
        after(fault("answer_lost", "AbortMultipartUpload"), Deployment.abort),
        503,
        "bucket_unanswered",
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_each_answer_is_logged_under_the_id_of_its_upload(
    what: str, deployed: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, status, code = CASES[what]
    grant = deployed.begin()
    answer = asked(deployed, grant)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer.status, line["status"], line["code"]) == (status, status, code)
    assert line["upload_id"] == grant["id"]


@pytest.mark.parametrize("operation", ["server_error", "answer_lost"])
def test_an_upload_that_cannot_begin_is_logged_without_an_id(
    operation: str, deployed: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """No page has got its id."""
    fault(operation, "InitiateMultipartUpload")(deployed, None)
    file = {"name": "a.png", "size": 5, "type": "image/png", "multipart": True}
    (refused,) = deployed.uploads(file)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (refused["problem"]["code"], line["upload_id"]) == ("unavailable", "")


@pytest.mark.parametrize(
    ("case", "detail"),
    [
        ("addresses too late", "The upload took too long: no more parts can be sent."),
        (
            "complete too late",
            "The upload took too long: its ticket ends before its callback could be answered.",
        ),
        ("complete after the abort", "The upload was completed or aborted: /confirm says which."),
        (
            "complete with a failing callback",
            "The file is stored, and its callback failed: /confirm has the answer.",
        ),
    ],
)
def test_the_answer_says_in_a_sentence_what_is_wrong(case: str, detail: str, deployed: Deployment) -> None:
    asked, _, _ = CASES[case]
    assert asked(deployed, deployed.begin()).content["detail"] == detail
