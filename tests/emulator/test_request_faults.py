import pytest

from tests.support.emulator.scene import ORIGIN, Scene, signed
from tests.support.emulator.signed_requests import ask

PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (500, "InternalError", "")),
        ({"status": 502}, (502, "InternalError", "")),
        ({"status": 503}, (503, "ServiceUnavailable", "")),
    ],
)
def test_the_service_fails_as_often_as_ordered(
    scene: Scene, options: dict[str, int], expected: tuple[int, str, str]
) -> None:
    scene.bucket.faults.set({"fault": "server_error", "requests": 2, **options})

    answers = [scene.upload({"key": key}, headers={"Origin": ORIGIN}) for key in ("a", "b", "c")]

    assert [answer.refusal for answer in answers[:2]] == [expected] * 2
    assert answers[0].headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answers[2].status == 204
    assert [scene.stored(key) for key in ("a", "b")] == [None, None]


@pytest.mark.parametrize("fault", [{"fault": "server_error"}, {"fault": "clock_offset", "seconds": 9}])
def test_neither_a_preflight_nor_the_console_uses_up_a_fault(scene: Scene, fault: dict[str, object]) -> None:
    scene.bucket.faults.set(fault)

    assert scene.request("OPTIONS", "/", PREFLIGHT).status == 200
    assert scene.request("GET", "/-/switches").status == 200
    assert scene.bucket.faults.pending() == [{**fault, "requests": 1}]


@pytest.mark.parametrize(("seconds", "status"), [(301, 403), (299, 204), (-899, 204), (-901, 400)])
def test_a_wrong_clock_applies_to_one_whole_request(scene: Scene, seconds: int, status: int) -> None:
    scene.bucket.faults.set({"fault": "clock_offset", "seconds": seconds})

    first = scene.upload({"key": "a"})
    second = scene.upload({"key": "b"})

    assert (first.status, second.status) == (status, 204)


def test_an_object_stored_at_a_wrong_time_has_that_time(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "clock_offset", "seconds": -60})

    scene.post(signed({"key": "a"}))

    assert scene.stored("a").last_modified == scene.now - 60


def test_signed_requests_are_too_skewed_at_a_wrong_time(scene: Scene) -> None:
    scene.bucket.faults.set({"fault": "clock_offset", "seconds": 901})

    assert ask(scene, "GET", "/?acl").refusal == (403, "RequestTimeTooSkewed", "0002-00000504")
    assert ask(scene, "GET", "/?acl").status == 200
