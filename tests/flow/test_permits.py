"""The permits of `examples/permits`, by a Flask, an Express and a Java server, at the token function."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest
import requests

from tests.support.environment import clean_environment, free_ports
from tests.support.stack import REPOSITORY, Stack

PERMITS, SPRING = REPOSITORY / "examples/permits", REPOSITORY / "tests/support/spring"
SECRET = "a permit secret of 32 bytes or more"
LARGEST = 10 * 1024**2
FLASK = """
import os
from flask import Flask, request, session
from permits import permits

app = Flask(__name__, static_folder=None)
app.secret_key = "a secret of the session"
app.register_blueprint(permits)

@app.before_request
def sign_in():
    if "X-User" in request.headers:
        session["user"] = request.headers["X-User"]

app.run(port=int(os.environ["PORT"]))
"""
EXPRESS = """
import express from 'express';
import { permits } from './permits.mjs';
const app = express();
app.use((request, _response, next) => {
  request.session = { user: request.get('x-user') };
  next();
});
app.use(permits);
app.listen(process.env.PORT, '127.0.0.1', () => console.log('listening'));
"""

Ask = Callable[[str, str], "Answer"]


class Answer(NamedTuple):
    """A server's answer to who asks for a permit: its status, and the permit or an empty string."""

    status: int
    permit: str


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"), PERMIT_SECRET=SECRET)
    yield stack
    stack.end()


def over_http(command: list[str], folder: Path) -> Iterator[Ask]:
    """Run a server and ask it over HTTP."""
    (port,) = free_ports(1)
    server = subprocess.Popen(
        command,
        cwd=folder,
        env={**clean_environment(), "PERMIT_SECRET": SECRET, "PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert server.stdout is not None
    assert any("listening" in line or "Running on" in line for line in server.stdout)

    def ask(user: str, order: str) -> Answer:
        url, headers = f"http://127.0.0.1:{port}/orders/{order}/permit", {"X-User": user} if user else {}
        answer = requests.post(url, headers=headers, timeout=10)
        if answer.status_code == 200:
            assert answer.headers["Cache-Control"] == "no-store"
            return Answer(200, answer.json()["permit"])
        return Answer(answer.status_code, "")

    yield ask
    server.terminate()
    server.communicate(timeout=30)


def by_java(folder: Path) -> Iterator[Ask]:
    """Compile the controller with the part of Spring that it needs, and call it."""
    assert shutil.which("javac"), "the example in Java needs a JDK: default-jdk-headless"
    sources = [*PERMITS.glob("*.java"), *SPRING.rglob("*.java")]
    subprocess.run(["javac", "-Xlint:all", "-Werror", "-d", folder, *sources], check=True, timeout=120)

    def ask(user: str, order: str) -> Answer:
        environ = {**clean_environment(), "PERMIT_SECRET": SECRET}
        command = ["java", "-cp", str(folder), "Ask", user, order]
        said = subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60)
        status, permit = said.stdout.removesuffix("\n").split(" ")
        return Answer(int(status), permit)

    yield ask


@pytest.fixture(scope="module", params=["flask", "express", "java"])
def ask(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "flask":
        yield from over_http([sys.executable, "-B", "-c", FLASK], PERMITS)
    elif request.param == "express":
        (folder / "node_modules").symlink_to(REPOSITORY / "tests/node_modules")
        shutil.copy(PERMITS / "permits.mjs", folder)
        yield from over_http(["node", "--input-type=module", "--eval", EXPRESS], folder)
    else:
        yield from by_java(folder)


def claims_of(ticket: str) -> Any:
    payload = ticket.split(".", maxsplit=1)[0]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_it_is_a_permit_for_one_picture_of_one_order(ask: Ask) -> None:
    status, permit = ask("alice", "17")
    assert status == 200
    assert jwt.get_unverified_header(permit) == {"alg": "HS256", "typ": "upload-permit+jwt"}
    claims = jwt.decode(permit, SECRET, algorithms=["HS256"], options={"require": ["exp", "iat", "jti"]})
    assert claims["sub"] == "alice"
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert claims["upload"] == {"max_bytes": LARGEST, "types": ["image/*"], "data": {"order": "17"}}
    again = jwt.decode(ask("alice", "17").permit, SECRET, algorithms=["HS256"])
    assert again["jti"] != claims["jti"]


def test_the_token_function_grants_what_it_says_and_one_object(ask: Ask, stack: Stack) -> None:
    authorization = f"Bearer {ask('alice', '17').permit}"
    grant = stack.grant(authorization=authorization)
    claims = claims_of(grant["ticket"])
    assert (claims["sub"], claims["data"]) == ("alice", {"order": "17"})
    assert stack.send(grant, b"hello").status_code == 200
    again = stack.grant(authorization=authorization)
    assert (again["id"], again["key"]) == (grant["id"], grant["key"])
    assert stack.ask_grant(authorization, name="a.txt", size="5", type="text/plain").status_code == 415
    assert stack.ask_grant(authorization, name="a.png", size=str(LARGEST + 1)).status_code == 413


def test_nobody_gets_one_for_an_order_of_somebody_else(ask: Ask) -> None:
    assert ask("alice", "18") == Answer(404, "")
    assert ask("alice", "unknown") == Answer(404, "")
    assert ask("", "17") == Answer(401, "")
