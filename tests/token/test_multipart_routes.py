"""An upload in parts against a bucket of the stand-in: begin, complete, abort, and what comes between."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl

import pytest

from grants import object_key
from grants.callers import fits_ticket
from grants.post_policy import callback_parameter
from tests.support.emulator.scene import BUCKET, KEY, json_reply
from tests.support.multipart import CONFIRMED, ONE_PART, PART, TWO_PARTS, Deployment, role
from vendored.oss_signing import Signer
from vendored.ticket import FileTicket, sign_ticket, verify_ticket

DATA = {"a": "b" * 248}  # 256 bytes of JSON, of 512 for both


def test_a_file_is_stored_and_the_page_gets_the_callbacks_answer(deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    deployed.send(grant, TWO_PARTS)
    answer = deployed.complete(grant, b'{"Status":"OK","id":"01abc","more":[1]}')
    assert (answer.status, answer.content) == (200, {"Status": "OK", "id": "01abc", "more": [1]})
    assert answer.headers["Content-Type"] == "application/json"
    stored = deployed.scene.stored(grant["key"])
    assert (stored.size, stored.object_type, stored.acl) == (PART + 5, "Multipart", "private")
    ((path, body),) = deployed.scene.called
    assert path == "/callback"
    assert dict(parse_qsl(body.decode())) == {
        "ticket": grant["ticket"],
        "bucket": BUCKET,
        "object": grant["key"],
        "size": str(PART + 5),
        "etag": stored.etag,
    }


@pytest.fixture
def of_a_thousand_parts(deployed: Deployment) -> dict[str, object]:
    """The grant of an upload whose parts are there: copies of the first, which are cheaper than 8 GB."""
    file = {"name": "a.mp4", "size": 1000 * PART, "type": "video/mp4", "multipart": True}
    (grant,) = deployed.uploads(file)
    assert (grant["parts"], grant["part_size"]) == (1000, PART)
    assert deployed.put(deployed.address(grant), bytes(PART)).status == 200
    copies = "INSERT INTO parts SELECT upload, ?, size, etag, crc64, last_modified, content_file FROM parts"
    with deployed.scene.bucket.buckets._index.writing() as connection:
        for number in range(2, 1001):
            connection.execute(f"{copies} WHERE number = 1", [number])
    found: dict[str, object] = grant
    return found


def test_a_thousand_parts_are_listed_and_completed(
    deployed: Deployment, of_a_thousand_parts: dict[str, object]
) -> None:
    assert deployed.complete(of_a_thousand_parts).status == 200
    stored = deployed.scene.stored(str(of_a_thousand_parts["key"]))
    assert (stored.size, stored.etag.rpartition("-")[2]) == (1000 * PART, "1000")


def test_a_list_that_oss_does_not_give_now_is_503_and_the_next_complete_is_done(
    deployed: Deployment, of_a_thousand_parts: dict[str, object]
) -> None:
    deployed.scene.bucket.faults.set({"fault": "throttle", "operation": "ListParts"})
    answer = deployed.complete(of_a_thousand_parts)
    assert (answer.status, answer.code, deployed.scene.called) == (503, "unavailable", [])
    assert deployed.complete(of_a_thousand_parts).status == 200


def test_what_is_missing_is_named_and_can_still_be_sent(deployed: Deployment) -> None:
    grant = deployed.begin(TWO_PARTS)
    assert deployed.complete(grant).content["numbers"] == [1, 2]
    deployed.put(deployed.address(grant, 2), b"hello")
    assert deployed.complete(grant).content["numbers"] == [1]
    deployed.put(deployed.address(grant, 1), TWO_PARTS[:PART])
    assert deployed.complete(grant).status == 200


def test_a_part_that_is_sent_again_replaces_the_first(deployed: Deployment) -> None:
    grant = deployed.begin()
    for content in (b"HELLO", b"hello"):
        deployed.put(deployed.address(grant), content)
    deployed.complete(grant)
    assert deployed.scene.stored(grant["key"]).crc64 == "11177612005948864433"


def test_a_callback_that_failed_leaves_a_stored_file_and_says_so(
    deployed: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    grant = deployed.begin()
    deployed.send(grant)
    deployed.scene.replies[:] = [json_reply(b"{}", 500)]
    answer = deployed.ask("/complete", {"ticket": grant["ticket"]})
    assert (answer.status, answer.content["code"]) == (203, "callback_failed")
    assert deployed.scene.stored(grant["key"]).size == 5
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["code"], line["level"], line["upload_id"]) == ("callback_failed", "warning", grant["id"])
    assert line["detail"] == "Error status : 500."


@pytest.mark.parametrize(("left", "code"), [(61, "ok"), (60, "upload_expired"), (1, "upload_expired")])
def test_nothing_is_completed_in_the_last_minute_of_a_ticket(
    deployed: Deployment, left: int, code: str
) -> None:
    """The callback function would refuse the ticket, and nobody would be told of a file that is stored."""
    deployed.start(**role(KEY))
    grant = deployed.begin()
    deployed.send(grant)
    deployed.scene.now = int(deployed.scene.now) + 24 * 3600 - left
    deployed.scene.replies[:] = [json_reply(CONFIRMED)]
    answer = deployed.ask("/complete", {"ticket": grant["ticket"]})
    assert answer.content.get("code", "ok") == code
    assert (deployed.scene.stored(grant["key"]) is None) == (code != "ok")


def test_a_completed_upload_is_gone(deployed: Deployment) -> None:
    grant = deployed.begin()
    deployed.send(grant)
    assert deployed.complete(grant).status == 200
    assert deployed.complete(grant).code == "upload_gone"
    assert deployed.abort(grant).code == "upload_gone"
    assert deployed.scene.stored(grant["key"]).size == 5
    assert len(deployed.scene.called) == 1


def test_an_aborted_upload_is_gone_and_so_are_its_parts(deployed: Deployment) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.put(target, ONE_PART)
    assert deployed.abort(grant).content == {"Status": "OK", "id": grant["id"]}
    assert deployed.abort(grant).code == "upload_gone"
    assert deployed.complete(grant).code == "upload_gone"
    assert deployed.put(target, ONE_PART).error["Code"] == "NoSuchUpload"
    assert deployed.scene.stored(grant["key"]) is None


def test_of_two_completes_at_once_one_is_told_and_nobody_twice(deployed: Deployment) -> None:
    grant = deployed.begin()
    deployed.send(grant)
    deployed.scene.replies[:] = [json_reply(CONFIRMED)] * 2
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(deployed.ask, "/complete", {"ticket": grant["ticket"]}) for _ in range(2)]
        answers = sorted(one.result().status for one in asked)
    assert answers == [200, 409]
    assert len(deployed.scene.called) == 1


def test_of_a_complete_and_an_abort_at_once_one_wins(deployed: Deployment) -> None:
    for _ in range(20):
        grant = deployed.begin()
        deployed.send(grant)
        deployed.scene.called.clear()
        deployed.scene.replies[:] = [json_reply(CONFIRMED)]
        with ThreadPoolExecutor(2) as pool:
            asked = [
                pool.submit(deployed.ask, path, {"ticket": grant["ticket"]})
                for path in ("/complete", "/abort")
            ]
            completed, aborted = (one.result() for one in asked)
        assert sorted((completed.status, aborted.status)) == [200, 409]
        lost = aborted if completed.status == 200 else completed
        assert lost.code == "upload_gone"
        stored = deployed.scene.stored(grant["key"]) is not None
        assert stored == (completed.status == 200) == (len(deployed.scene.called) == 1)


def test_an_object_that_is_there_already_is_not_overwritten(deployed: Deployment) -> None:
    first = deployed.begin()
    deployed.send(first)
    deployed.complete(first)
    deployed.start()
    deployed._numbers = iter([int(first["id"][-1])])  # type: ignore[assignment]  # the same id, and so the same key
    second = deployed.begin(b"HELLO")
    assert second["key"] == first["key"]
    deployed.send(second, b"HELLO")
    assert deployed.complete(second).code == "already_stored"
    assert deployed.scene.stored(first["key"]).crc64 == "11177612005948864433"


def test_a_part_that_is_replaced_before_the_complete_arrives_is_noticed(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = deployed.begin()
    target = deployed.address(grant)
    deployed.put(target, ONE_PART)
    signed = Signer.headers

    def replaced(signer: Signer, method: str, *of: object) -> dict[str, str]:
        if method == "POST":
            deployed.put(target, b"HELLO")
        return signed(signer, method, *of)  # type: ignore[arg-type]

    monkeypatch.setattr(Signer, "headers", replaced)
    assert deployed.complete(grant).code == "parts_changed"
    assert deployed.scene.stored(grant["key"]) is None
    monkeypatch.undo()
    assert deployed.complete(grant).status == 200


def test_the_longest_callback_is_one_that_oss_takes() -> None:
    """At most 4,096 characters: the subject is one that JSON escapes most, OSS's id longer than any seen."""
    subject = "\x00" * 21
    assert fits_ticket(subject)
    folder = f"{'p' * 31}/{'f' * 31}/{object_key.user_segment(subject)}/2026/09/21/"
    ticket = FileTicket(
        "0" * 26, f"{folder}{'0' * 26}.docx", 10**11, subject, 0, 10**10, 10**9, "A" * 128, DATA, DATA
    )
    address = f"https://{'.'.join(['a' * 63] * 3)}.{'b' * 61}"
    signed = sign_ticket(ticket, "s")
    assert verify_ticket(signed, ["s"], 10**9) == ticket
    assert len(callback_parameter(address, signed)) <= 4096
