"""Images that OSS would process: refused, or answered as they are stored, where a setting says so."""

import pytest

from tests.support.emulator.scene import Scene
from tests.support.emulator.signed_requests import ask

PROCESSED = "/a?x-oss-process=image%2Fresize%2Cw_320"


@pytest.fixture
def scene(scene: Scene) -> Scene:
    scene.set(original_images=True)
    scene.upload({"key": "a", "x-oss-content-type": "image/png"})
    return scene


def test_an_image_is_answered_as_it_is_stored(scene: Scene) -> None:
    plain, processed = ask(scene, "GET", "/a"), ask(scene, "GET", PROCESSED)

    assert processed.status == 200
    assert processed.body == plain.body == b"hello"
    assert processed.headers["ETag"] == plain.headers["ETag"]


def test_who_may_not_read_it_does_not_get_it(scene: Scene) -> None:
    assert scene.request("GET", PROCESSED).refusal == (403, "AccessDenied", "0003-00000001")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/a?x-oss-process=style%2Fthumb"),
        ("GET", "/a?x-oss-process=video%2Fsnapshot%2Ct_1"),
        ("GET", "/a?x-oss-process=image%2Fresize%2Cw_320&acl"),
        ("HEAD", PROCESSED),
        ("POST", PROCESSED),
    ],
)
def test_anything_else_stays_refused(scene: Scene, method: str, target: str) -> None:
    answer = ask(scene, method, target)

    assert answer.status in {400, 405}
    assert b"hello" not in answer.body


def test_without_the_setting_it_is_refused_so_that_no_client_asks_again(scene: Scene) -> None:
    scene.set(original_images=False)

    assert ask(scene, "GET", PROCESSED).refusal == (400, "NotImplemented", "")
