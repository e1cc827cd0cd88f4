"""ROS, STS, Function Compute and OSS on loopback, as far as a deploy asks them, for the official SDKs.

A request is answered only if its signature is right, as the real services do; what else they refuse is in
`ros_stub` and `oss_stub`.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from oss_emulator.auth.header_signature import verify_header
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Body, Request
from tests.support.cloud import api_signature, oss_service, ros_service
from tests.support.cloud.state import ACCOUNT, KEY, REGION, Refused, State

POLL_SECONDS = 0.01  # how long an end waits


class Stub(BaseHTTPRequestHandler):
    """One request; the services are told apart as the SDKs ask them: by an action, or by a bucket's path."""

    state: State
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and the second would wait 40 ms for an ACK

    def log_message(self, *_: Any) -> None:
        return

    def serve(self) -> None:
        action = self.headers.get("x-acs-action")
        name = action or f"{self.command} {'/'.join(oss_service.bucket_and_key(self.path))}"
        self.state.asked.append(name)
        loss = next(iter(self.state.lost.get(name, [])), "")
        if loss:
            self.state.lost[name].pop(0)
        if loss == "before":  # whatever has arrived by then
            self.hang_up()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {header.lower(): value for header, value in self.headers.items()}
        try:
            self.state.refuse(name)
            found = self.of_api(action, headers, body) if action else self.of_oss(headers, body)
        except Refused as refused:
            text = json.dumps({"Code": refused.code, "Message": refused.message, "RequestId": "R"})
            found = oss_service.Found(refused.status, text if action else oss_service.error_document(refused))
        if loss == "after":
            self.hang_up()
        else:
            self.respond(found, "application/json" if action else "application/xml")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815 - http.server's names

    def of_api(self, action: str, headers: dict[str, str], body: bytes) -> oss_service.Found:
        code = api_signature.fault(
            self.command, self.path, headers, body, KEY.access_key_id, KEY.access_key_secret
        )
        if code or headers.get("x-acs-security-token", "") != KEY.security_token:
            raise Refused(
                403, code or "InvalidSecurityToken.Malformed", "The request is not signed as it must be."
            )
        asked = dict(parse_qsl(urlsplit(self.path).query) + parse_qsl(body.decode()))
        if action == "GetCallerIdentity":
            return as_json({"AccountId": ACCOUNT, "IdentityType": "RAMUser"})
        if action == "GetFunction":
            return as_json(function(self.state, urlsplit(self.path).path.rpartition("/")[2]))
        again = self.state.made.get(asked.get("ClientToken", ""))
        made = again or ros_service.ACTIONS[action](self.state, asked)
        if "ClientToken" in asked:
            self.state.made[asked["ClientToken"]] = made
        return as_json(made)

    def of_oss(self, headers: dict[str, str], body: bytes) -> oss_service.Found:
        bucket, key = oss_service.bucket_and_key(self.path)
        request = Request(self.command, self.path, headers, Body(lambda _: b""))
        try:
            verify_header(request, bucket, key, [KEY], region=REGION, now=time.time())
        except OssError as refused:
            raise Refused(refused.status, refused.code, refused.message) from None
        return oss_service.answer(self.state, self.command, self.path, headers, body)

    def respond(self, found: oss_service.Found, kind: str) -> None:
        body = found.body.encode() if isinstance(found.body, str) else found.body
        self.send_response(found.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-oss-request-id", "R")
        if found.etag:
            self.send_header("ETag", f'"{found.etag}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def function(state: State, name: str) -> dict[str, Any]:
    """Return what Function Compute tells of a stack's function."""
    for stack in state.stacks.values():
        if name.rpartition("-")[0] == stack["StackName"] and stack["Status"] != "DELETE_COMPLETE":
            wanted = stack["template"]["Resources"][f"{name.rpartition('-')[2].capitalize()}Function"]
            variables = wanted["Properties"]["EnvironmentVariables"].items()
            held = {
                key: stack["values"].get(value.get("Ref"), "https://x.example") for key, value in variables
            }
            held |= {"TICKET_SECRET": state.drifted[name]} if name in state.drifted else {}
            told = {"functionName": name, "lastModifiedTime": state.modified}
            return {**told, "environmentVariables": held}
    raise Refused(404, "FunctionNotFound", f"function '{name}' does not exist")


def as_json(found: dict[str, Any]) -> oss_service.Found:
    return oss_service.Found(body=json.dumps({"RequestId": "R", **found}))


@contextmanager
def serving(state: State) -> Iterator[str]:
    """Serve a state on loopback; yield host and port."""
    handler = type("Bound", (Stub,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
