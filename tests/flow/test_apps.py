"""Mini programs and apps upload to the local stack: the built library on stand-ins for their platforms."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import clean_environment
from tests.support.readme import blocks, both
from tests.support.stack import REPOSITORY, Stack, md5
from tests.support.tickets import document_of

RUN = REPOSITORY / "tests" / "support" / "apps" / "run.mjs"
TRANSPORTS = {
    "wechat": "wechatTransport(wx)",
    "uni-app": "uniAppTransport(uni)",
    "react-native": "reactNativeTransport",
}
PLATFORMS = tuple(TRANSPORTS)
PROGRAM = """
import { AbortController, uploadFile } from './apps.js';
import { NAME } from './LIBRARY.js';

const controller = new AbortController();
heard.abort = () => controller.abort();
const { signal } = controller;
const data = { screen: 'avatar' };
const options = { tokenUrl, transport: TRANSPORT, data, signal, onState: report, random: () => 0 };
uploadFile(file, options).then(
  (result) => finish({ result }),
  ({ name, code, status, message, requestId, unconfirmed }) =>
    finish({ error: { name, code, status, message, requestId, unconfirmed } }),
);
"""
CONTENT = b"hello from an app"


def run(platform: str, program: str, **order: object) -> Any:
    """Run a program on a stand-in for a platform; return what it hands to `finish`, states and calls."""
    ran = subprocess.run(
        ["node", str(RUN)],
        input=json.dumps({"platform": platform, "program": program, **order}),
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def app_file(path: Path, content: bytes = CONTENT, **more: object) -> dict[str, object]:
    """Return a file as an application has it, which has chosen it."""
    path.write_bytes(content)
    chosen = {"name": "照片.jpg", "size": len(content), "type": "image/jpeg"}
    return {**chosen, "path": str(path), "uri": path.as_uri(), **more}


def upload(
    platform: str,
    stack: Stack,
    file: dict[str, object],
    controller: str = "new AbortController()",
    **order: object,
) -> Any:
    transport = TRANSPORTS[platform]
    program = PROGRAM.replace("TRANSPORT", transport).replace("LIBRARY", platform)
    program = program.replace("new AbortController()", controller)
    program = program.replace("NAME", transport.partition("(")[0])
    return run(platform, program, given={"tokenUrl": stack.token, "file": file}, **order)


def states_of(outcome: Any) -> list[str]:
    """Return each state that differs in its name from the one before."""
    names = [state["state"] for state in outcome["states"]]
    return [name for nth, name in enumerate(names) if nth == 0 or names[nth - 1] != name]


def forms_to(stack: Stack, outcome: Any) -> list[Any]:
    """Return the calls that posted a form."""
    return [call for call in outcome["calls"] if call["url"].startswith(stack.upload)]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_an_app_uploads_a_file(platform: str, stack: Stack, tmp_path: Path) -> None:
    outcome = upload(platform, stack, app_file(tmp_path / "tmp_1.jpg"))
    result = outcome["result"]
    assert (result["Status"], result["name"], result["etag"]) == ("OK", "照片.jpg", md5(CONTENT))
    assert stack.stored(result["key"]).content == CONTENT
    assert states_of(outcome) == ["signing", "sending", "done"]
    assert outcome["states"][-2] == {"state": "sending", "loaded": len(CONTENT), "total": len(CONTENT)}
    (form,) = forms_to(stack, outcome)
    assert form["header"] == {}, "the platform sets Content-Type, with the boundary"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_word_that_is_no_media_type_is_not_asked_for(platform: str, stack: Stack, tmp_path: Path) -> None:
    """`wx.chooseMessageFile` says `image`, and `wx.chooseMedia` too: the name tells the type then."""
    outcome = upload(platform, stack, app_file(tmp_path / "tmp_2", name="a.png", type="image"))
    assert stack.stored(outcome["result"]["key"]).headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_203_is_confirmed(platform: str, stack: Stack, tmp_path: Path) -> None:
    stack.fault("callback_down")
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg"))
    assert outcome["result"]["etag"] == md5(CONTENT)
    assert states_of(outcome) == ["signing", "sending", "confirming", "done"]
    assert len(forms_to(stack, outcome)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_lost_answer_is_confirmed_and_nothing_is_sent_again(
    platform: str, stack: Stack, tmp_path: Path
) -> None:
    stack.fault("answer_lost")
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg"))
    assert outcome["result"]["etag"] == md5(CONTENT)
    assert states_of(outcome) == ["signing", "sending", "confirming", "done"]
    assert len(forms_to(stack, outcome)) == 1


@pytest.mark.parametrize("progress", [True, False], ids=["progress", "no-progress"])
@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("wechat", "uploadFile:fail timeout"),
        ("wechat", "uploadFile:fail interrupted"),
        ("uni-app", "uploadFile:fail statusCode: 0"),
        ("react-native", "timeout"),
    ],
)
def test_after_a_timeout_it_is_asked_whether_the_file_has_arrived(
    platform: str, said: str, stack: Stack, tmp_path: Path, *, progress: bool
) -> None:
    lost = {"api": "uploadFile", "errMsg": said}
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg"), lost=lost, progress=progress)
    assert outcome["result"]["etag"] == md5(CONTENT)
    assert states_of(outcome) == ["signing", "sending", "confirming", "done"]
    assert len(forms_to(stack, outcome)) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_broken_connection_is_asked_about_before_the_file_is_sent_again(
    platform: str, stack: Stack, tmp_path: Path
) -> None:
    stack.fault("reset", after_bytes=1000)
    content = bytes(2_000_000)
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg", content))
    assert outcome["result"]["etag"] == md5(content)
    assert states_of(outcome) == ["signing", "sending", "confirming", "signing", "sending", "done"]
    assert len(forms_to(stack, outcome)) == 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_403_of_oss_is_read_and_a_new_grant_asked_for(platform: str, stack: Stack, tmp_path: Path) -> None:
    stack.fault("clock_offset", seconds=3600)
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg"))
    assert states_of(outcome) == ["signing", "sending", "signing", "sending", "done"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_of_another_size_is_refused_with_oss_s_own_words(
    platform: str, stack: Stack, tmp_path: Path
) -> None:
    outcome = upload(platform, stack, app_file(tmp_path / "a.jpg", size=3))
    error = outcome["error"]
    assert (error["name"], error["code"], error["status"]) == ("UploadError", "EntityTooLarge", 400)
    assert error["requestId"]


@pytest.mark.parametrize("progress", [True, False], ids=["progress", "no-progress"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_cancel_in_mid_upload_ends_the_request_and_leaves_a_way_to_ask(
    platform: str, stack: Stack, tmp_path: Path, *, progress: bool
) -> None:
    stack.fault("stall", after_bytes=1000, seconds=600)
    file = app_file(tmp_path / "a.jpg", bytes(8_000_000))
    outcome = upload(platform, stack, file, abortAfter=1, progress=progress)
    error = outcome["error"]
    assert (error["name"], error["code"]) == ("AbortError", "aborted")
    assert [form["aborted"] for form in forms_to(stack, outcome)] == [True]
    grant = error["unconfirmed"]
    assert document_of(grant["ticket"])["page_data"] == {"screen": "avatar"}
    assert stack.confirm(grant).json()["code"] == "not_stored"


def test_a_signal_of_react_native_s_own_cancels(stack: Stack, tmp_path: Path) -> None:
    """It has no reason, and no `throwIfAborted`."""
    own = """((listeners) => {
      const signal = { aborted: false, addEventListener: (type, listener) => listeners.push(listener) };
      return { signal, abort: () => ((signal.aborted = true), listeners.forEach((one) => one())) };
    })([])"""
    stack.fault("stall", after_bytes=1000, seconds=600)
    file = app_file(tmp_path / "a.jpg", bytes(8_000_000))
    outcome = upload("react-native", stack, file, abortAfter=1, controller=own)
    assert outcome["error"]["code"] == "aborted"
    assert [form["aborted"] for form in forms_to(stack, outcome)] == [True]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_file_that_is_gone_is_unreadable(platform: str, stack: Stack, tmp_path: Path) -> None:
    file = app_file(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").unlink()
    outcome = upload(platform, stack, file)
    assert outcome["error"]["code"] == "unreadable"
    assert states_of(outcome) == ["signing", "sending", "failed"]


def test_a_domain_that_is_not_listed_is_named(stack: Stack, tmp_path: Path) -> None:
    functions = [stack.token, stack.callback]
    file = app_file(tmp_path / "a.jpg")
    listed: dict[str, list[str]] = {"request": functions, "uploadFile": [stack.upload]}
    assert "result" in upload("wechat", stack, file, domains=listed)
    for list_name, missing in (("request", stack.token), ("uploadFile", stack.upload)):
        outcome = upload("wechat", stack, file, domains={**listed, list_name: []})
        error = outcome["error"]
        assert (error["code"], error["status"]) == ("domain_not_listed", 0)
        assert f"{missing} for {list_name}" in error["message"]
        assert [call["url"].startswith(missing) for call in outcome["calls"]].count(True) == 1


def test_a_time_limit_is_set_for_each_call_and_answers_are_not_parsed(stack: Stack, tmp_path: Path) -> None:
    """WeChat's own is a minute for all bytes of an upload."""
    calls = upload("wechat", stack, app_file(tmp_path / "a.jpg"))["calls"]
    assert [(call["api"], call["timeout"], call.get("dataType")) for call in calls] == [
        ("request", 60_000, "text"),
        ("uploadFile", 3_600_000, None),
    ]


def test_react_native_sends_no_cookies(stack: Stack, tmp_path: Path) -> None:
    calls = upload("react-native", stack, app_file(tmp_path / "a.jpg"))["calls"]
    assert [call["withCredentials"] for call in calls] == [False, False]


# what each platform does with a block of the documents: it calls what a tap on a button would call
TAPPED = {
    "wechat": """
function Page(definition) {
  const setData = ({ text }) => text && finish({ text });
  Object.assign(Object.create(definition), { setData }).choose();
}
""",
    "uni-app": """
const view = Object.assign({}, component.data(), component.methods);
Object.defineProperty(view, 'text', { set: (text) => finish({ text }) });
view.choose();
""",
    "react-native": "upload(file, report).then((text) => finish({ text }));",
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("document", both("mini-programs"))
def test_the_blocks_of_the_documents_upload(
    document: str, platform: str, stack: Stack, tmp_path: Path
) -> None:
    transport = TRANSPORTS[platform]
    (block,) = [one for one in blocks(document, "js") if f"transport: {transport}," in one]
    address = "https://token-abcdefgh.cn-hangzhou.fcapp.run/"
    assert block.count(address) == 1
    program = block.replace(address, f"{stack.token}/").replace("export default", "const component =")
    file = app_file(tmp_path / "chosen.jpg", mimeType="image/jpeg")
    outcome = run(platform, program + TAPPED[platform], given={"file": file}, files=[file])
    assert stack.stored(outcome["text"]).content == CONTENT
