"""A web page that orders faults from the programs of `make run`, by requests that a browser just sends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.stack import Stack

WITHOUT_CORS = """async ([url, order]) => {
  const headers = {'Content-Type': 'text/plain'};
  await fetch(url, {method: 'POST', mode: 'no-cors', headers, body: order}).catch(() => {});
}"""
# a page in a sandbox: its requests have `Origin: null`
IN_A_SANDBOX = """([url, order]) => new Promise((done) => {
  const asked = JSON.stringify({method: 'POST', mode: 'no-cors', body: order});
  const sent = `fetch(${JSON.stringify(url)}, ${asked})`;
  const frame = document.createElement('iframe');
  frame.sandbox = 'allow-scripts';
  frame.srcdoc = `<script>${sent}.catch(() => {}).then(() => parent.postMessage(1, '*'))</script>`;
  addEventListener('message', done);
  document.body.append(frame);
})"""
# as text/plain, a field is sent as NAME=VALUE; of two members of one name, JSON's parser takes the last
AS_A_FORM = """([url, order]) => {
  const form = document.body.appendChild(document.createElement('form'));
  Object.assign(form, {method: 'POST', action: url, enctype: 'text/plain'});
  const field = form.appendChild(document.createElement('input'));
  field.name = '{"fault": "';
  field.value = `", ${order.slice(1)}`;
  form.submit();
}"""


@pytest.fixture
def attacker(browser: Browser, stack: Stack) -> Iterator[Page]:
    """A page of another origin than all programs that take orders, with no policy of its own.

    It comes from this machine: browsers let no page from elsewhere ask it any more, but older ones do.
    """
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{stack.site.replace('127.0.0.1', 'localhost')}/404.html")
    yield page
    context.close()


def pending(stack: Stack) -> list[Any]:
    addresses = (stack.callback, stack.token, stack.upload)
    return [stack.http.get(f"{address}/-/faults", timeout=9).json() for address in addresses]


def orders(stack: Stack) -> Iterator[list[str]]:
    """Yield an address and an order for each program."""
    for address, fault in ((stack.callback, "crash"), (stack.token, "crash"), (stack.upload, "throttle")):
        yield [f"{address}/-/faults", f'{{"fault": "{fault}", "requests": 9}}']


@pytest.mark.parametrize("script", [WITHOUT_CORS, IN_A_SANDBOX], ids=["without CORS", "in a sandbox"])
def test_no_script_of_another_website_can_order_a_fault(attacker: Page, stack: Stack, script: str) -> None:
    for order in orders(stack):
        attacker.evaluate(script, order)
    assert pending(stack) == [{"crash": 0}, {"crash": 0}, []]


def test_no_form_of_another_website_can_order_a_fault(attacker: Page, stack: Stack) -> None:
    for order in orders(stack):
        page = attacker.context.new_page()
        page.goto(attacker.url)
        with page.expect_response(order[0]):
            page.evaluate(AS_A_FORM, order)
    assert pending(stack) == [{"crash": 0}, {"crash": 0}, []]
