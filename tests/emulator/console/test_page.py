"""The content of the page at /-/, and that no text of a request can change its structure."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from oss_emulator.bucket.state import Site
from oss_emulator.callback.transport import Unreachable
from oss_emulator.fault_table import FAULTS
from oss_emulator.http_messages import Body, Request
from oss_emulator.routing import respond
from oss_emulator.switches import SWITCHES
from tests.support.emulator.page_reader import (
    OPENED,
    box,
    called_back,
    marks,
    page,
    read,
    refuse,
    section,
    table,
)
from tests.support.emulator.scene import (
    BUCKET,
    KEY,
    NOW,
    ORIGIN,
    TEMPORARY,
    Scene,
    Seen,
    callback_parameter,
    encoded,
    json_reply,
    policy_text,
    signed,
)
from tests.support.emulator.signed_requests import put

HOSTILE = "</pre></style><script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


def test_says_which_bucket_this_is(scene: Scene) -> None:
    scene.set(acl="public-read", block_public_access=True, own_domain=False, v1_signatures=True)
    scene.set(neighbours={"other": "http://127.0.0.1:9100"})

    facts = {
        one.all("dt")[0].all("span")[0].text: [value.words for value in one.all("dd")]
        for one in page(scene).all("dl", class_="facts")[0].all("div")
    }

    exposed = "ETag x-oss-request-id x-oss-hash-crc64ecma"
    assert facts == {
        "地域": ["cn-hangzhou"],
        "地址": ["http://127.0.0.1:9000/", "http://127.0.0.1:9000/examplebucket/"],
        "域名": ["custom: HTML is shown"],
        "读写权限": ["public-read"],
        "阻止公共访问": ["on"],
        "V1 签名": ["accepted"],
        "AccessKey ID": ["AKEXAMPLE", "STS.EXAMPLE (temporary)", "STS.OLD (expired)"],
        "回调时限": ["5 s"],
        "允许回调内网地址": ["refused"],
        "版本控制": ["never set"],
        "静态网站": ["none"],
        "跨域规则": [f"{ORIGIN} · POST PUT GET · headers * · exposed {exposed} · kept 600 s"],
        "回调公钥": ["/-/callback_pub_key.pem"],
        "其他端口的 Bucket": ["other"],
    }


@pytest.mark.parametrize(
    ("documents", "shown"),
    [
        ("<IndexDocument><Suffix>i.html</Suffix></IndexDocument>", "index i.html; no error page"),
        (
            (
                "<IndexDocument><Suffix>i</Suffix><SupportSubDir>true</SupportSubDir></IndexDocument>"
                "<ErrorDocument><Key>e.html</Key><HttpStatus>200</HttpStatus></ErrorDocument>"
            ),
            "index i, also of folders; error page e.html (200)",
        ),
        ("<ErrorDocument><Key>e</Key></ErrorDocument>", "index none; error page e (404)"),
    ],
)
def test_says_what_its_website_is(scene: Scene, documents: str, shown: str) -> None:
    put(scene, "website", f"<WebsiteConfiguration>{documents}</WebsiteConfiguration>")

    assert shown in [value.words for value in page(scene).all("dl", class_="facts")[0].all("dd")]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.4, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (90_000, "1 d ago"),
        (-9, "0 s ago"),
    ],
)
def test_says_how_long_ago_something_was(scene: Scene, seconds: float, shown: str) -> None:
    refuse(scene, time=scene.now - seconds)

    (refused,) = section(scene, "refusals").all("article")

    assert refused.all("summary")[0].words.endswith(f"POST · {shown}")


@pytest.mark.parametrize(
    ("parameter", "decoded"),
    [
        (encoded({"callbackUrl": "图\u200b"}), '{\n  "callbackUrl": "图\u200bU+200B"\n}'),
        ("no base64", None),
        (base64.b64encode(b"no JSON").decode(), None),
        (base64.b64encode(b"[" * 100_000).decode()[:4000], None),
    ],
)
def test_decodes_a_forms_callback_field(scene: Scene, parameter: str, decoded: str | None) -> None:
    refuse(scene, fields={"callback": parameter})

    shown = section(scene, "refusals").all("span", class_="decoded")

    assert len(shown) == (decoded is not None)
    for one in shown:
        assert one.parent
        assert marks(one.parent.all("span", class_="code")[-1]) == decoded


@pytest.mark.parametrize(("header", "shown"), [("aHR0cDovL2s=", "http://k"), ("no base64", None)])
def test_decodes_where_a_callbacks_key_is(scene: Scene, header: str, shown: str | None) -> None:
    record = called_back(b"", "")
    attempt = replace(record.attempts[0], headers={"x-oss-pub-key-url": header})
    scene.bucket.history.add_callback(replace(record, attempts=[attempt]))

    sentences = [one.words for one in section(scene, "callbacks").all("p", class_="parts")]

    assert sentences == ([f"x-oss-pub-key-url is base64 of {shown}"] if shown else [])


def test_links_to_its_neighbours_pages(scene: Scene) -> None:
    scene.set(neighbours={"one": "http://127.0.0.1:9100", "two": "http://127.0.0.1:9200/"})

    links = [
        one.attributes["href"] for one in page(scene).all("a") if one.attributes["href"].startswith("http:")
    ]

    assert links == ["http://127.0.0.1:9100/-/", "http://127.0.0.1:9200/-/"]


def test_shows_no_secret(scene: Scene) -> None:
    scene.post(signed({"key": "a", "x-oss-object-acl": "none"}, key=TEMPORARY))

    everything = b"".join(
        scene.request("GET", f"/-/{name}", OPENED).body
        for name in ("", "requests", "refusals", "callbacks", "objects", "buckets")
    )

    for secret in (KEY.access_key_secret, TEMPORARY.access_key_secret, TEMPORARY.security_token):
        assert secret.encode() not in everything
        assert base64.b64encode(secret.encode()).rstrip(b"=") not in everything


def test_shows_why_a_form_was_refused(scene: Scene) -> None:
    fields = signed({"key": "照片/a.jpg"})
    answer = scene.post({**fields, "key": "照片/b.jpg"})

    (refused,) = section(scene, "refusals").all("article")
    (why,) = refused.all("div", class_="why")
    (policy,) = refused.all("div", class_="box", **{"aria-label": "Policy"})

    assert refused.attributes["id"] == answer.headers["x-oss-request-id"]
    assert refused.all("summary")[0].words.startswith("403 AccessDenied Invalid according to Policy")
    assert refused.all("a")[0].attributes["href"] == "https://api.aliyun.com/troubleshoot?q=0006-00000227"
    assert [one.all("pre")[0].text for one in why.all("div", class_="expected")] == ["照片/a.jpg"]
    assert [one.all("pre")[0].text for one in why.all("div", class_="got")] == ["照片/b.jpg"]
    assert [one.words for one in policy.all("mark")] == ['{"key": "照片/a.jpg"},']
    assert table(refused, "fields")["key refused for this"] == "照片/b.jpg"


def test_shows_the_string_to_sign_of_a_signature_that_does_not_match(scene: Scene) -> None:
    fields = signed({"key": "a"})
    scene.post({**fields, "x-oss-signature": "0" * 64})

    (refused,) = section(scene, "refusals").all("article")

    assert fields["policy"] in [one.text for one in refused.all("pre")]


def test_a_long_message_is_cut_in_its_line_and_whole_below(scene: Scene) -> None:
    refuse(scene, message="图" * 1000)

    (refused,) = section(scene, "refusals").all("article")

    assert len(refused.all("summary")[0].text) < 500
    assert box(refused, "Message") == "图" * 1000


def test_a_full_history_of_enormous_requests_makes_no_enormous_page(scene: Scene) -> None:
    hostile = "\u200b\x00" * 5000
    attempt = replace(called_back(b"", "").attempts[0], headers={str(n): hostile for n in range(100)})
    called = replace(called_back(b"\xff" * 9999, ""), attempts=[attempt] * 5)
    for _ in range(50):
        refuse(scene, target=hostile, message=hostile, fields={str(n): hostile for n in range(1000)})
        scene.bucket.history.add_callback(called)

    answer = scene.request("GET", "/-/")
    listed = read(answer).all("article")

    assert len(answer.body) < 8_000_000
    assert len(listed) == 100
    assert (
        "Headers sent"
        in next(one for one in listed if one.parent and one.parent.has({"id": "callbacks"})).text
    )
    assert listed[-1].all("a")[-1].attributes["href"] == "/-/callbacks"


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("no base64", "no base64"),
        (base64.b64encode(b"{no json\n").decode(), "{no json\n"),
        (base64.b64encode(b"\xff").decode(), ""),
        (encoded([1]), "[1]"),
        (encoded({"conditions": 1}), '{\n  "conditions": 1\n}'),
        (base64.b64encode(b'{"a":1,"a":{"b":"\\u56fe"}}').decode(), '{\n  "a": 1,\n  "a": {"b": "图"}\n}'),
        (base64.b64encode(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}").decode(), None),
    ],
)
def test_shows_an_invalid_policy_as_it_is(scene: Scene, policy: str, shown: str | None) -> None:
    refuse(scene, fields={"policy": policy})

    decoded = box(section(scene, "refusals"), "Policy")

    assert shown is None or decoded == shown


def test_marks_an_expired_policys_expiration(scene: Scene) -> None:
    refuse(scene, ec="0006-00000213", fields={"policy": policy_text([{"bucket": BUCKET}], NOW)})

    (mark,) = section(scene, "refusals").all("mark")

    assert mark.words == '"expiration": "2026-09-21T14:13:20.000Z",'


@pytest.mark.parametrize("code", ["EntityTooLarge", "EntityTooSmall"])
def test_marks_the_size_range_that_a_file_is_outside_of(scene: Scene, code: str) -> None:
    refuse(scene, code=code, ec="", fields={"policy": policy_text([["content-length-range", 1, 10]])})

    (mark,) = section(scene, "refusals").all("mark")

    assert mark.words == '["content-length-range", 1, 10]'


def test_shows_the_attempts_of_a_callback_in_order(scene: Scene) -> None:
    urls = "http://203.0.114.7/first;http://203.0.114.8/second?a=%20"
    scene.replies[:] = [Unreachable(), json_reply()]
    scene.upload({"key": "图 1", "callback": callback_parameter(callbackUrl=urls)})

    (called,) = section(scene, "callbacks").all("article")
    first, second = called.all("div", class_="attempt")

    assert called.all("summary")[0].words.startswith("200 图 1 ")
    assert box(called, "Body sent") == "object=%E5%9B%BE%201&size=5"
    assert table(called.all("div", class_="inside")[0], "Body, decoded") == {"object": "图 1", "size": "5"}
    assert first.all("h3")[0].words == "1 http://203.0.114.7/first no answer"
    assert second.all("h3")[0].words == "2 http://203.0.114.8/second?a=%20 200"
    assert box(second, "String to sign") == "/second?a=%20\nobject=%E5%9B%BE%201&size=5"
    assert table(second, "Headers sent")["Content-Type"] == "application/x-www-form-urlencoded"
    assert box(second, "Answer") == '{"Status":"OK"}'
    assert table(second, "Headers of the answer")["content-length"] == "15"


def test_shows_how_a_callback_failed(scene: Scene) -> None:
    scene.replies[:] = [json_reply(b"<p>no\xff</p>")]
    scene.upload({"key": "a", "callback": callback_parameter()})

    (called,) = section(scene, "callbacks").all("article")

    assert called.all("summary")[0].words.startswith("203 a Response body is not valid json format.")
    assert called.all("a")[0].attributes["href"].endswith("?q=0007-00000205")
    assert marks(called.all("div", class_="box", **{"aria-label": "Answer"})[0]).strip() == "<p>no0xFF</p>"


@pytest.mark.parametrize(
    ("body", "body_type", "rows"),
    [
        (b'{"a":"\\u56fe","b":null,"c":1}', "application/json", {"a": '"图"', "b": "null", "c": "1"}),
        (b"a=%FF&b&a=+", "application/x-www-form-urlencoded", {"a": " ", "b": ""}),
    ],
)
def test_decodes_a_callbacks_body(scene: Scene, body: bytes, body_type: str, rows: dict[str, str]) -> None:
    scene.bucket.history.add_callback(called_back(body, body_type))

    assert table(section(scene, "callbacks"), "Body, decoded") == rows


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff", b""])
def test_a_body_that_does_not_match_its_type_is_not_decoded(scene: Scene, body: bytes) -> None:
    scene.bucket.history.add_callback(called_back(body, "application/json"))

    assert "Body, decoded" not in section(scene, "callbacks").text


def test_lists_objects_newest_first_with_all_that_is_stored(scene: Scene) -> None:
    scene.upload({"key": "old"})
    scene.upload({"key": "图 1.txt", "x-oss-meta-a": "1", "x-oss-object-acl": "public-read"})

    new, old = section(scene, "objects").all("article")

    facts = {
        one.all("dt")[0].text.split()[0]: one.all("dd")[0].text for one in new.all("div") if one.all("dt")
    }
    assert [one.all("strong")[0].text for one in (new, old)] == ["图 1.txt", "old"]
    assert table(new, "Stored headers") == {"Content-Type": "text/plain", "x-oss-meta-a": "1"}
    assert facts["Size"] == "5 bytes"
    assert facts["ETag"] == '"5D41402ABC4B2A76B9719D911017C592"'
    assert facts["ACL"] == "public-read"
    assert facts["Version"] == "never versioned"


def test_lists_the_newest_objects_and_says_that_there_are_more(scene: Scene) -> None:
    for number in range(51):
        scene.upload({"key": f"{number}"})

    listed = section(scene, "objects")

    assert [one.text for one in listed.all("strong")] == [f"{number}" for number in range(50, 0, -1)]
    assert "These are the newest 50; there are more." in listed.text


def test_lists_each_switch_with_what_is_in_force(scene: Scene) -> None:
    scene.set(switches="form_space=+")

    rows = section(scene, "switches").all("dl")[0].all("div")

    assert [row.all("dt")[0].text for row in rows] == [switch.name for switch in SWITCHES]
    assert [row.all("b")[0].text for row in rows] == [
        f"{'+' if switch.name == 'form_space' else switch.values[0]} (in force)" for switch in SWITCHES
    ]
    assert [row.all("dd", class_="source")[0].text for row in rows] == [switch.source for switch in SWITCHES]


def test_every_fault_has_a_command_that_sets_it(scene: Scene) -> None:
    for row in section(scene, "faults").all("li"):
        command = row.all("pre")[0].text
        found = re.fullmatch(r"curl http://127.0.0.1:9000/-/faults -d '(.*)'", command)
        assert found
        assert scene.request("POST", "/-/faults", body=found[1].encode()).status == 200

    assert [planned["fault"] for planned in scene.bucket.faults.pending()] == list(FAULTS)
    assert len(section(scene, "faults").all("li", class_="pending")) == len(FAULTS)


def test_a_site_has_a_page_too(scene: Scene, tmp_path: Path) -> None:
    settings = replace(scene.bucket.settings, website=(tmp_path,), credentials=())
    site = Site(settings=settings, now=lambda: NOW)
    request = Request(
        "GET",
        "/-/",
        {"host": "localhost:8080", **{name.lower(): text for name, text in OPENED.items()}},
        Body(lambda _: b""),
    )
    answer = respond(request, site)

    tree = read(Seen(answer.status, answer.headers, bytes(answer.body)))  # type: ignore[arg-type]

    assert [one.attributes["id"] for one in tree.all("section") if "id" in one.attributes] == [
        "requests",
        "refusals",
        "switches",
        "faults",
        "reset",
    ]
    assert str(tmp_path) in tree.text


def test_every_text_of_a_request_is_escaped(scene: Scene) -> None:
    explanation = dict.fromkeys(("condition", "field", "expected", "got", HOSTILE), HOSTILE)
    fields = {HOSTILE: HOSTILE, "policy": encoded({HOSTILE: HOSTILE, "conditions": [{HOSTILE: HOSTILE}]})}
    refuse(
        scene,
        code=HOSTILE,
        message=HOSTILE,
        target=HOSTILE,
        method=HOSTILE,
        explanation=explanation,
        fields=fields,
    )
    scene.bucket.history.add_callback(called_back(HOSTILE.encode(), HOSTILE))
    scene.upload({"key": HOSTILE, "x-oss-meta-a": HOSTILE, "Cache-Control": HOSTILE}, content_type=HOSTILE)
    scene.set(neighbours={HOSTILE: "http://a/" + HOSTILE})

    tree = page(scene)

    assert len(tree.all("script")) == 1
    assert not tree.all("img")
    assert HOSTILE in section(scene, "objects").text
    assert not [name for one in tree.all() for name in one.attributes if name.startswith("on")]


def test_is_plain_html_that_asks_no_other_host_for_anything(scene: Scene) -> None:
    tree = page(scene)

    assert len(tree.all("h1")) == 1
    assert not any(tree.all(name) for name in ("img", "iframe", "object", "base"))
    assert [one.attributes for one in tree.all("script")] == [{}]
    script = tree.all("script")[0].text
    assert re.findall(r"fetch\([^,]*|XMLHttp|import|eval|innerHTML", script) == ["fetch('/-/alive'"]
    assert {one.attributes.get("action", "")[:3] for one in tree.all("form")} == {"/-/"}
    assert [one.attributes["href"][:5] for one in tree.all("link")] == ["data:"]
    assert not re.search(r"url\(|@import", tree.all("style")[0].text)
    assert not [one for one in tree.all() if "style" in one.attributes]


def test_the_content_security_policy_allows_its_own_style_and_script_and_nothing_else(scene: Scene) -> None:
    answer = scene.request("GET", "/-/")

    style = read(answer).all("style")[0].text
    script = read(answer).all("script")[0].text
    of_style, of_script = (
        base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in (style, script)
    )
    assert answer.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{of_style}'; script-src 'sha256-{of_script}'; "
        f"connect-src 'self' http://127.0.0.1:9000/-/alive; img-src data:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "sandbox allow-downloads allow-forms allow-popups allow-popups-to-escape-sandbox allow-scripts"
    )


@pytest.mark.parametrize(("host", "alive"), [("[::1]:9000", ""), ("oss:9000", "http://oss:9000/-/alive")])
def test_the_script_may_ask_the_address_that_the_page_came_from(scene: Scene, host: str, alive: str) -> None:
    policy = scene.request("GET", "/-/", {"Host": host}).headers["Content-Security-Policy"]

    assert f"connect-src 'self' {alive};" in policy
