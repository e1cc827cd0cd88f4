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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from alibabacloud_credentials.utils import auth_util

from oss_emulator.auth.header_signature import verify_header
from oss_emulator.errors import OssError
from oss_emulator.http_messages import Body, Request
from tests.support.cloud import api_signature, oss_service, ros_service
from tests.support.cloud.state import ACCOUNT, INTERNAL, KEY, REGION, SUFFIX, Refused, State

POLL_SECONDS = 0.01  # how long an end waits
# Alibaba Cloud's documents: the public endpoints of a region, and the names in OSS's certificate
PUBLIC_NAMES = (
    "ros.aliyuncs.com",
    f"sts.{REGION}.aliyuncs.com",
    f"fcv3.{REGION}.aliyuncs.com",
    SUFFIX,
    f"*.{SUFFIX}",
    f"*.{INTERNAL}",
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
        if action == "ListConcurrencyConfigs":
            return as_json(concurrency_configs(self.state, asked))
        if action == "GetFunction":
            return as_json(function(self.state, urlsplit(self.path).path.rpartition("/")[2]))
        earlier = self.state.answers.get(asked.get("ClientToken", ""))
        made = earlier or ros_service.act(self.state, action, asked)
        if "ClientToken" in asked:
            self.state.answers[asked["ClientToken"]] = made
        return as_json(made)

    def of_oss(self, resource: tuple[str, str], headers: dict[str, str], body: bytes) -> oss_service.Found:
        request = Request(self.command, self.path, headers, Body(lambda _: b""))
        try:
            verify_header(request, *resource, [KEY], region=self.state.region, now=time.time())
        except OssError as refused:
            raise Refused(refused.status, refused.code, refused.message) from None
        host = self.headers.get("Host", "").lower()
        oss_service.refuse_public_endpoint(self.state, host, resource, self.path)
        return oss_service.answer(self.state, self.command, resource, self.path, headers, body)

    def respond(self, found: oss_service.Found, kind: str) -> None:
        body = found.body.encode() if isinstance(found.body, str) else found.body
        self.send_response(found.status)
        for name, value in {"Content-Type": kind, **found.headers}.items():
            self.send_header(name, value)
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


def concurrency_configs(state: State, asked: dict[str, str]) -> dict[str, Any]:
    """Return a page of what is reserved; its token is the number of those before."""
    reserved = {**state.reserved, **ros_service.reserved_instances(state)}
    start, size = int(asked.get("nextToken", "0")), int(asked["limit"])
    configs = [
        {"functionArn": f"acs:fc:{REGION}:{ACCOUNT}:functions/{name}", "reservedConcurrency": count}
        for name, count in list(reserved.items())[start : start + size]
    ]
    return {"configs": configs} | ({"nextToken": str(start + size)} if start + size < len(reserved) else {})


def as_json(found: dict[str, Any]) -> oss_service.Found:
    return oss_service.Found(body=json.dumps({"RequestId": "R", **found}))


class Server(ThreadingHTTPServer):
    """Ends its connections with itself: the SDKs keep theirs, and would use them for the next server."""

    daemon_threads = False

    def __init__(self, handler: type[Stub]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def end(self) -> None:
        self.shutdown()
        for connection in list(self.connections):
            with suppress(OSError):  # it may end by itself meanwhile
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()  # which waits for the connections' threads


@contextmanager
def serving(state: State, certificate: Path | None = None) -> Iterator[str]:
    """Serve a state on loopback, with a certificate over TLS; yield host and port."""
    server = Server(type("Bound", (Stub,), {"state": state}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # a connection's own thread does the handshake, when it reads
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.end()
        thread.join()


@contextmanager
def serving_publicly(state: State, certificate: Path) -> Iterator[Mapping[str, str]]:
    """Serve a state at the public addresses for this process, which gets an access key too.

    The certificate is for `PUBLIC_NAMES`, the same in all tests of a process: the SDKs keep what they trusted
    first. Yield the variables with which another process is served too, if it has a key.
    """
    # the SDK for OSS reads the second
    trust = {"SSL_CERT_FILE": str(certificate), "REQUESTS_CA_BUNDLE": str(certificate)}
    with (
        serving(state, certificate) as address,
        patch.object(socket, "getaddrinfo", redirecting(address)),
        patch.dict(os.environ, trust),
        patch.multiple(
            auth_util,  # which reads the environment when it is imported
            environment_access_key_id=KEY.access_key_id,
            environment_access_key_secret=KEY.access_key_secret,
            environment_security_token=KEY.security_token,
        ),
    ):
        yield {**trust, "PUBLIC_SERVER": address, "PYTHONPATH": str(Path(__file__).parent / "redirected")}


def redirecting(address: str) -> Callable[..., Any]:
    """Return a `socket.getaddrinfo` that finds every public host at this address."""
    resolve = socket.getaddrinfo
    server = address.split(":")

    def redirect(host: str, port: Any, *options: Any, **more: Any) -> Any:
        public = host.endswith(".aliyuncs.com")
        return resolve(*(server if public else (host, port)), *options, **more)

    return redirect
