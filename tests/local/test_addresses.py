"""The addresses that another machine sees, and those that the function sees."""

import json

from local.fc.addresses import Addresses
from local.fc.reply import Answer

OWN, THEIRS = "http://127.0.0.1:9000", "http://192.168.1.5:9000"
SITE, THEIR_SITE = "http://127.0.0.1:8080", "http://192.168.1.5:8080"
TABLE = Addresses({OWN: THEIRS, SITE: THEIR_SITE})


def outward(content: object, origin: str | None = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return TABLE.outward(Answer(200, named, json.dumps(content).encode()), origin)


def test_translates_only_a_whole_origin_inwards() -> None:
    for name in ("Origin", "origin"):
        assert TABLE.inward(((name, THEIR_SITE),)) == ((name, SITE),)
    for other in ("http://192.168.1.5:80801", f"{THEIR_SITE}/", f"{THEIR_SITE}.example", "null", SITE):
        assert TABLE.inward((("Origin", other),)) == (("Origin", other),)
    assert TABLE.inward((("Referer", THEIR_SITE),)) == (("Referer", THEIR_SITE),)


def test_allows_the_origin_that_asked_and_no_other() -> None:
    assert outward({}, THEIR_SITE, Access_Control_Allow_Origin=SITE).headers == {
        "Access-Control-Allow-Origin": THEIR_SITE
    }
    for origin, allowed in ((SITE, SITE), (None, SITE), ("http://evil.example", SITE), (THEIR_SITE, "null")):
        assert outward({}, origin, Access_Control_Allow_Origin=allowed).headers == {
            "Access-Control-Allow-Origin": allowed
        }


def test_translates_the_members_of_an_answer_that_are_addresses() -> None:
    said = {"url": OWN, "confirm": f"{OWN}/confirm", "key": f"a {OWN}", "size": 5, "fields": {"url": OWN}}
    assert json.loads(outward(said).body) == {**said, "url": THEIRS, "confirm": f"{THEIRS}/confirm"}
    uploads = [
        said,
        {"problem": {"type": f"{OWN}/errors#a"}},
        {"parts": [{"number": 1, "url": f"{OWN}/a?b"}]},
    ]
    form, problem, parts = json.loads(outward({"uploads": uploads}).body)["uploads"]
    assert (form["url"], form["fields"]) == (THEIRS, said["fields"])
    assert (problem["problem"]["type"], parts["parts"][0]["url"]) == (f"{THEIRS}/errors#a", f"{THEIRS}/a?b")
    for other in (f"{OWN}0", f"{OWN}.example/", f"{OWN}@evil.example/", "https://127.0.0.1:9000", ""):
        assert json.loads(outward({"url": other}).body) == {"url": other}


def test_leaves_every_other_body_as_it_is() -> None:
    deep = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for body in (b"", b"\xff", b"[1]", b'{ "a" : 1 }', OWN.encode(), deep):
        assert TABLE.outward(Answer(200, {}, body), None).body == body
    answer = Answer(200, {}, json.dumps({"url": OWN}).encode())
    assert Addresses({}).outward(answer, THEIR_SITE) is answer
