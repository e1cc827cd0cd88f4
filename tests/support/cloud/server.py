"""ROS, STS, Function Compute and OSS on loopback, as far as a deploy asks them, for the official SDKs.

A request is answered only if its signature is right, as by the real services; `ros_service` and `oss_service`
have their other refusals. At the public addresses the server speaks TLS, and its certificate has the names of
the real ones: a client that was given a wrong address would get no answer.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from oss_emulator.auth.header_signature import verify_header
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Body, Request
from tests.support.certificate import make_certificate
from tests.support.cloud import api_signature, oss_service, ros_service
from tests.support.cloud.state import ACCOUNT, KEY, REGION, SUFFIX, Refused, State

POLL_SECONDS = 0.01  # how long an end waits
# Alibaba Cloud's documents: the public endpoints of a region, and the names in OSS's certificate
PUBLIC_NAMES = (
    "ros.aliyuncs.com",
    f"sts.{REGION}.aliyuncs.com",
    f"fcv3.{REGION}.aliyuncs.com",
    SUFFIX,
    f"*.{SUFFIX}",
)


class Stub(BaseHTTPRequestHandler):
    """One request: to ROS, STS or Function Compute if a header names an action, otherwise to OSS."""

    state: State
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # an answer is two writes, and the second would wait 40 ms for an ACK

    def log_message(self, *_: Any) -> None:
        return

    def serve(self) -> None:
        action = self.headers.get("x-acs-action")
        host = self.headers.get("Host", "").lower()
        resource = oss_service.bucket_and_key(host, self.path)
        name = action or f"{self.command} {'/'.join(resource)}"
        self.state.asked.append(name)
        self.state.hosts.add(host)
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
            found = self.of_api(action, headers, body) if action else self.of_oss(resource, headers, body)
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
        earlier = self.state.answers.get(asked.get("ClientToken", ""))
        made = earlier or ros_service.ACTIONS[action](self.state, asked)
        if "ClientToken" in asked:
            self.state.answers[asked["ClientToken"]] = made
        return as_json(made)

    def of_oss(self, resource: tuple[str, str], headers: dict[str, str], body: bytes) -> oss_service.Found:
        request = Request(self.command, self.path, headers, Body(lambda _: b""))
        try:
            verify_header(request, *resource, [KEY], region=REGION, now=time.time())
        except OssError as refused:
            raise Refused(refused.status, refused.code, refused.message) from None
        return oss_service.answer(self.state, self.command, resource, self.path, headers, body)

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
    """Return a stack's function as Function Compute describes it."""
    for stack in state.stacks.values():
        if name.rpartition("-")[0] == stack["StackName"] and stack["Status"] != "DELETE_COMPLETE":
            wanted = stack["template"]["Resources"][f"{name.rpartition('-')[2].capitalize()}Function"]
            variables = wanted["Properties"]["EnvironmentVariables"].items()
            held = {
                key: stack["values"].get(value.get("Ref"), "https://x.example") for key, value in variables
            }
            held |= {"TICKET_SECRET": state.drifted[name]} if name in state.drifted else {}
            modified = state.modified.get(name, "2026-01-01T00:00:00Z")
            return {"functionName": name, "lastModifiedTime": modified, "environmentVariables": held}
    raise Refused(404, "FunctionNotFound", f"function '{name}' does not exist")


def as_json(found: dict[str, Any]) -> oss_service.Found:
    return oss_service.Found(body=json.dumps({"RequestId": "R", **found}))


@contextmanager
def serving(state: State, certificate: Path | None = None) -> Iterator[str]:
    """Serve a state on loopback, with a certificate over TLS; yield host and port."""
    handler = type("Bound", (Stub,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # the handshake is made by the request's thread: a client that ends it must not end the server
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving_publicly(state: State, folder: Path) -> Iterator[None]:
    """Serve a state at the public addresses, for clients in this process, whose environment gets a key."""
    certificate = make_certificate(folder, *PUBLIC_NAMES)
    resolve = socket.getaddrinfo
    trusted = {
        "SSL_CERT_FILE": str(certificate),
        "REQUESTS_CA_BUNDLE": str(certificate),
        "ALIBABA_CLOUD_ACCESS_KEY_ID": KEY.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": KEY.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": KEY.security_token,
    }
    with serving(state, certificate) as address:
        host, _, here = address.partition(":")

        def resolve_to_server(name: str, port: Any, *options: Any, **more: Any) -> Any:
            if not name.endswith(".aliyuncs.com"):
                return resolve(name, port, *options, **more)
            assert port == 443
            return resolve(host, int(here), *options, **more)

        with patch.object(socket, "getaddrinfo", resolve_to_server), patch.dict(os.environ, trusted):
            yield
