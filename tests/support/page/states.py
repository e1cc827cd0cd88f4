"""Every state of the page, and how to bring a page there: for axe, and for people who look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.support.page.actions import (
    PHOTO,
    choose,
    choose_button,
    ended,
    fast_forward_until,
    large_file,
    payload,
    send,
    send_all,
    start,
    stop_the_clock,
    tick_until,
)
from tests.support.stack import Stack


def view(sky: str, sun: str, far: str, near: str) -> bytes:
    """Draw a landscape in these colours."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="440">'
        f'<rect width="640" height="440" fill="{sky}"/>'
        f'<circle cx="500" cy="110" r="56" fill="{sun}"/><path d="M0 440 220 170 400 440" fill="{far}"/>'
        f'<path d="M230 440 430 240 640 440" fill="{near}"/></svg>'
    ).encode()


# reading a file on a disk that never answers
HANGING = "() => new Promise(() => {})"
VIEWS = {
    "morning": ("#8fb8c9", "#ffe2a0", "#2e5e55", "#4a8068"),
    "evening": ("#e9a178", "#fff1c9", "#7a4a5a", "#a5645f"),
}
MORNING, EVENING = (
    payload(f"{name}.svg", view(*colours), "image/svg+xml") for name, colours in VIEWS.items()
)
FILES = (
    MORNING,
    payload("会议纪要 2026-11.pdf", b"%PDF-1.7" + bytes(200_000), "application/pdf"),
    payload("numbers.csv", b"1,2\n" * 3000, "text/csv"),
)

LATER_PARTS = re.compile(r"partNumber=([4-9]|\d\d)")

Scene = Callable[[Page, Stack], None]


def _open(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/")
    expect(choose_button(page)).to_be_visible()


def _goto(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/")


def loading(page: Page, stack: Stack) -> None:
    page.route("**/limits", lambda _: None)
    _goto(page, stack)
    expect(page.get_by_test_id("limits")).not_to_be_empty()


def too_old(page: Page, stack: Stack) -> None:
    page.add_init_script("delete AbortSignal.prototype.throwIfAborted")
    _goto(page, stack)
    expect(page.get_by_test_id("too-old")).to_be_visible()


def not_opened(page: Page, stack: Stack) -> None:
    page.route("**/assets/*.js", lambda route: route.abort())
    _goto(page, stack)
    expect(page.get_by_test_id("not-opened")).to_be_visible()


def opening_failed(page: Page, stack: Stack) -> None:
    page.add_init_script("ResizeObserver = undefined")
    _goto(page, stack)
    expect(page.get_by_test_id("trouble")).to_be_visible()


def without_config(page: Page) -> None:
    """Open the page as somebody has it who has only put `config.json` beside it."""
    page.add_init_script(
        """new MutationObserver(() => document.querySelector('meta[name=config]')?.remove())
            .observe(document, { childList: true, subtree: true });"""
    )


def with_options(page: Page, options: Mapping[str, object]) -> None:
    """Open the page as somebody has it who has put these options into `config.json`."""
    page.add_init_script(
        f"""new MutationObserver(() => {{
            const config = document.querySelector('meta[name=config]');
            if (!config) return;
            config.content = JSON.stringify({{ ...JSON.parse(config.content), ...{json.dumps(options)} }});
        }}).observe(document, {{ childList: true, subtree: true }});"""
    )


def no_config(page: Page, stack: Stack) -> None:
    without_config(page)
    page.route("**/config.json", lambda route: route.abort())
    _goto(page, stack)
    expect(page.get_by_test_id("trouble")).to_be_visible()


def no_limits(page: Page, stack: Stack) -> None:
    page.route("**/limits", lambda route: route.abort())
    _goto(page, stack)
    expect(page.get_by_test_id("trouble")).to_be_visible()


def _answer_401(page: Page, code: str) -> None:
    headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "authorization"}
    page.route("**/limits", lambda route: route.fulfill(status=401, json={"code": code}, headers=headers))


def sign_in(page: Page, stack: Stack) -> None:
    _answer_401(page, "token_missing")
    _goto(page, stack)
    expect(page.get_by_test_id("sign-in")).to_be_visible()


def sign_in_refused(page: Page, stack: Stack) -> None:
    sign_in(page, stack)
    page.unroute_all()
    _answer_401(page, "token_invalid")
    page.get_by_test_id("token").fill("x.y.z")
    page.get_by_test_id("sign-in-go").click()
    expect(page.get_by_test_id("sign-in-trouble")).not_to_be_empty()


def sign_in_again(page: Page, stack: Stack) -> None:
    """A token expired in mid-upload; the uploads wait."""
    sign_in(page, stack)
    page.unroute_all()
    page.route("**/limits", lambda route: route.continue_(headers=_without(route, "authorization")))
    page.get_by_test_id("token").fill("x.y.z")
    page.get_by_test_id("sign-in-go").click()
    expect(choose_button(page)).to_be_visible()
    page.route(
        f"{stack.token}/uploads",
        lambda route: route.fulfill(
            status=401, json={"code": "token_expired"}, headers={"Access-Control-Allow-Origin": "*"}
        ),
    )
    rows = send_all(page, FILES)
    expect(rows.get_by_test_id("state").first).to_have_text(re.compile("sign in|登录"))


def _without(route: Route, name: str) -> dict[str, str]:
    return {key: value for key, value in route.request.headers.items() if key != name}


def empty(page: Page, stack: Stack) -> None:
    _open(page, stack)


def dragging(page: Page, stack: Stack) -> None:
    _open(page, stack)
    page.get_by_test_id("dashboard").locator(".uppy-Dashboard-AddFiles").evaluate(
        """element => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File(['x'], 'x.png'));
            element.dispatchEvent(new DragEvent('dragover', { dataTransfer, bubbles: true }));
        }"""
    )
    expect(page.locator(".uppy-Dashboard--isDraggingOver")).to_be_visible()


def chosen(page: Page, stack: Stack) -> None:
    _open(page, stack)
    choose(page, *FILES)
    expect(page.get_by_test_id("dashboard").locator("img")).to_have_count(1)


def one_chosen(page: Page, stack: Stack) -> None:
    _open(page, stack)
    choose(page, FILES[0])
    expect(page.get_by_test_id("dashboard").locator("img")).to_have_count(1)


def adding_more(page: Page, stack: Stack) -> None:
    chosen(page, stack)
    page.get_by_role("button", name=re.compile("^(Add more files|继续添加文件)$")).click()
    expect(choose_button(page)).to_be_visible()


def shrinking(page: Page, stack: Stack) -> None:
    """Images are made smaller before they are sent."""
    with_options(page, {"shrinkImages": True})
    _open(page, stack)
    page.evaluate("() => { HTMLCanvasElement.prototype.toBlob = () => {} }")
    photo = page.screenshot(type="jpeg", quality=100)
    choose(page, payload("photo.jpg", photo + bytes(100 * 1024), "image/jpeg"), FILES[1])
    start(page)
    expect(page.get_by_test_id("dashboard")).to_contain_text(re.compile("smaller|压缩"))


def refused(page: Page, stack: Stack) -> None:
    _open(page, stack)
    choose(page, payload("page.html", b"<p>", "text/html"))
    ended(page.get_by_test_id("upload"), "refused")


def sending(page: Page, stack: Stack) -> None:
    """One on its way, two sent, one in the queue; one more is chosen, but not started."""
    _open(page, stack)
    stack.fault("stall", after_bytes=100_000, seconds=600, requests=9)
    page.route(LATER_PARTS, lambda _: None)
    small = [payload(f"会议纪要 {number}.pdf", bytes(200_000), "application/pdf") for number in range(1, 3)]
    choose(page, *small)
    video = _video(stack)
    choose(page, video)
    start(page)
    under_way = page.get_by_test_id("upload").filter(has_text=video.name).get_by_test_id("state")
    expect(under_way).to_have_text(re.compile(r"^\d+% · [1-9]"))
    choose(page, FILES[2])


def _video(stack: Stack) -> Path:
    path = stack.state / "holiday.mp4"
    return path if path.exists() else large_file(stack.state, 64, path.name)


def _half_of_a_video(page: Page, stack: Stack) -> Locator:
    """A video of which some parts have arrived, and the others stay on their way."""
    _open(page, stack)
    page.route(LATER_PARTS, lambda _: None)
    choose(page, _video(stack))
    start(page)
    row = page.get_by_test_id("upload")
    expect(row.get_by_test_id("state")).to_have_text(re.compile(r"^\d+% · 24 MB"))
    return row


def paused(page: Page, stack: Stack) -> None:
    _half_of_a_video(page, stack).get_by_test_id("pause").click()
    ended(page.get_by_test_id("upload"), "paused")


def stalled(page: Page, stack: Stack) -> None:
    """Nothing moves any more, neither a video's parts nor a grant."""
    page.clock.install()
    _half_of_a_video(page, stack)
    page.route(f"{stack.token}/uploads", lambda _: None)
    send(page)
    page.clock.run_for(9_000)
    expect(page.get_by_test_id("state").first).to_have_text(re.compile("gets through|暂无响应"))


def unfinished(page: Page, stack: Stack) -> None:
    """What an earlier visit has left."""
    _half_of_a_video(page, stack)
    _open(page, stack)
    ended(page.get_by_test_id("upload"), "unfinished")


def continuing(page: Page, stack: Stack) -> None:
    """What an earlier visit has left is compared with the file before it goes on."""
    unfinished(page, stack)
    page.evaluate(f"() => {{ Blob.prototype.arrayBuffer = {HANGING}; }}")
    choose(page, _video(stack))
    start(page)
    expect(page.get_by_test_id("state")).to_have_text(re.compile("^(Continuing|正在续传)"))


def checking(page: Page, stack: Stack) -> None:
    """The last parts have arrived, and those of an earlier visit are still compared with the file."""
    unfinished(page, stack)
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate(
        """() => {
            const { arrayBuffer, slice } = Blob.prototype;
            const second = new WeakSet();
            Blob.prototype.slice = function (from, to, type) {
                const part = slice.call(this, from, to, type);
                if (from === 8 * 1024 ** 2) second.add(part);
                if (second.has(this)) second.add(part);
                return part;
            };
            Blob.prototype.arrayBuffer = function () {
                return second.has(this) ? (HANGING)() : arrayBuffer.call(this);
            };
        }""".replace("HANGING", HANGING)
    )
    choose(page, _video(stack))
    start(page)
    ended(page.get_by_test_id("upload"), "checking")


def corrupted(page: Page, stack: Stack) -> None:
    """What OSS has stored is not what was sent."""
    _open(page, stack)

    def alter(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "crc64": "1"})

    page.route(f"{stack.upload}/", alter)
    ended(send(page), "failed")


def upload_gone(page: Page, stack: Stack) -> None:
    """OSS has dropped the parts, each time."""
    _open(page, stack)
    page.clock.install()
    gone = {"code": "upload_gone", "detail": "Gone.", "retryable": False}
    headers = {"Access-Control-Allow-Origin": "*"}
    page.route(f"{stack.token}/complete", lambda route: route.fulfill(status=409, json=gone, headers=headers))
    choose(page, large_file(stack.state, 40, "clip.mp4"))
    start(page)
    fast_forward_until(page, page.get_by_test_id("upload"), "failed")


def several_paused(page: Page, stack: Stack) -> None:
    """A video and a form, of which one is paused; what an earlier visit has left is another file."""
    unfinished(page, stack)
    page.route(LATER_PARTS, lambda _: None)
    stack.fault("stall", after_bytes=100_000, seconds=600, requests=9)
    clip = large_file(stack.state, 40, "clip.mp4")
    notes = stack.state / "会议纪要 1.pdf"
    notes.write_bytes(bytes(200_000))
    choose(page, clip, notes)
    start(page)
    row = page.get_by_test_id("upload").filter(has_text="clip.mp4")
    expect(row.get_by_test_id("state")).to_have_text(re.compile(r"^75%"))
    row.get_by_test_id("pause").click()
    ended(row, "paused")


def offline(page: Page, stack: Stack) -> None:
    _open(page, stack)
    page.context.set_offline(True)
    rows = send_all(page, FILES[:2])
    expect(rows.first.get_by_test_id("state")).to_have_text(re.compile("network|网络"))


def trying_again(page: Page, stack: Stack) -> None:
    _open(page, stack)
    stop_the_clock(page)
    page.route(f"{stack.token}/uploads", lambda route: route.abort())
    state = send_all(page, FILES[:2]).first.get_by_test_id("state")
    tick_until(page, lambda: re.search("again|重试", state.text_content() or ""))
    page.clock.resume()


def confirming(page: Page, stack: Stack) -> None:
    _open(page, stack)
    stack.fault("callback_down", requests=2)
    page.route("**/confirm", lambda _: None)
    rows = send_all(page, FILES[:2])
    for number in range(2):
        ended(rows.nth(number), "confirming")


def not_confirmed(page: Page, stack: Stack) -> None:
    _open(page, stack)
    page.clock.install()
    stack.fault("crash", at=stack.callback, requests=100)
    fast_forward_until(page, send(page), "not_confirmed")


def failed(page: Page, stack: Stack) -> None:
    _open(page, stack)

    def aim_elsewhere(route: Route) -> None:
        answer = route.fetch()
        document: Any = answer.json()
        files = json.loads(route.request.post_data or "")["files"]
        for file, grant in zip(files, document["uploads"], strict=True):
            if "csv" in file["name"]:
                grant["fields"]["key"] += "x"
        route.fulfill(response=answer, json=document)

    page.route(f"{stack.token}/uploads", aim_elsewhere)
    rows = send_all(page, FILES)
    ended(rows.nth(2), "failed")


def cancelled(page: Page, stack: Stack) -> None:
    _open(page, stack)
    stack.fault("stall", after_bytes=1000, seconds=600)
    row = send(page, content=PHOTO * 20)
    expect(row).to_have_attribute("data-state", "sending")
    row.get_by_test_id("cancel").click()
    ended(row, "aborted")


def done(page: Page, stack: Stack) -> None:
    _open(page, stack)
    choose(page, FILES[0])
    start(page)
    ended(page.get_by_test_id("upload"))


def many_done(page: Page, stack: Stack) -> None:
    _open(page, stack)
    rows = send_all(page, [*FILES, EVENING])
    for number in range(4):
        ended(rows.nth(number))
    expect(page.get_by_test_id("tally")).to_have_text(re.compile("^(All uploaded|全部上传完成)$"))
    rows.first.locator("summary").click()


def not_found(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.site}/no/such/page")


STATES: Mapping[str, Scene] = {
    scene.__name__: scene
    for scene in (
        loading,
        too_old,
        not_opened,
        opening_failed,
        no_config,
        no_limits,
        sign_in,
        sign_in_refused,
        sign_in_again,
        empty,
        dragging,
        chosen,
        one_chosen,
        adding_more,
        shrinking,
        refused,
        sending,
        paused,
        stalled,
        unfinished,
        continuing,
        checking,
        corrupted,
        upload_gone,
        several_paused,
        offline,
        trying_again,
        confirming,
        not_confirmed,
        failed,
        cancelled,
        done,
        many_done,
        not_found,
    )
}
