"""ROS, STS and OSS as far as a deploy asks them, on loopback, for the official SDKs to speak to over http."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import yaml

ACCOUNT = "1234567890123456"
XML = '<?xml version="1.0" encoding="UTF-8"?>'


class State:
    """What the cloud holds. `fails` names a resource that cannot be made; `refusals` are answered first."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = {}
        self.closed: set[str] = set()
        self.stacks: dict[str, dict[str, Any]] = {}
        self.fails: dict[str, str] = {}
        self.refusals: dict[str, list[tuple[int, str, str]]] = {}
        self.asked: list[str] = []
        self.writes: list[str] = []


class Stub(BaseHTTPRequestHandler):
    """One request; the services are told apart as the SDKs ask them: by an action, or by a bucket's path."""

    state: State
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        return

    def respond(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = self.headers.get("x-acs-action")
        if action:
            self.serve_api(action, body)
        else:
            self.serve_oss(body)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve  # noqa: N815 - http.server's names

    def serve_api(self, action: str, body: bytes) -> None:
        self.state.asked.append(action)
        if waiting := self.state.refusals.get(action):
            status, code, message = waiting.pop(0)
            self.respond(status, json.dumps({"Code": code, "Message": message, "RequestId": "R"}).encode())
            return
        asked = dict(parse_qsl(urlsplit(self.path).query) + parse_qsl(body.decode()))
        try:
            method = re.sub("(?<!^)(?=[A-Z])", "_", action).lower()
            answer = getattr(self, method)(asked)
        except LookupError as unknown:
            answer = {"Code": "StackNotFound", "Message": str(unknown), "RequestId": "R"}
            self.respond(404, json.dumps(answer).encode())
            return
        except ValueError as refused:
            code, _, message = str(refused).partition(": ")
            self.respond(400, json.dumps({"Code": code, "Message": message, "RequestId": "R"}).encode())
            return
        self.respond(200, json.dumps({"RequestId": "R", **answer}).encode())

    def get_caller_identity(self, _: dict[str, str]) -> dict[str, Any]:
        return {"AccountId": ACCOUNT, "IdentityType": "RAMUser"}

    def list_stacks(self, asked: dict[str, str]) -> dict[str, Any]:
        name = asked["StackName.1"]
        found = [one for one in self.state.stacks.values() if one["StackName"] == name]
        return {"Stacks": [{key: one[key] for key in ("StackId", "StackName", "Status")} for one in found]}

    def get_stack(self, asked: dict[str, str]) -> dict[str, Any]:
        stack = self.state.stacks[asked["StackId"]]
        if stack["next"]:
            stack["Status"] = stack["next"].pop(0)
        hidden = {name for name, one in stack["template"]["Parameters"].items() if one.get("NoEcho")}
        shown = {name: "******" if name in hidden else value for name, value in stack["values"].items()}
        return {
            **{key: stack[key] for key in ("StackId", "StackName", "Status", "StatusReason")},
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in shown.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs(stack).items()],
        }

    def list_stack_events(self, asked: dict[str, str]) -> dict[str, Any]:
        return {"Events": self.state.stacks[asked["StackId"]]["events"][::-1]}

    def create_stack(self, asked: dict[str, str]) -> dict[str, Any]:
        self.state.writes.append("CreateStack")
        living = [one for one in self.state.stacks.values() if one["Status"] != "DELETE_COMPLETE"]
        if any(one["StackName"] == asked["StackName"] for one in living):
            raise ValueError(f"StackExists: The Stack ({asked['StackName']}) already exists.")
        stack_id = f"stack-{len(self.state.stacks) + 1}"
        stack: dict[str, Any] = {"StackId": stack_id, "StackName": asked["StackName"], "StatusReason": ""}
        stack |= {"events": [], "values": {}}
        self.state.stacks[stack_id] = stack
        self.change(stack, "CREATE", asked)
        return {"StackId": stack_id}

    def update_stack(self, asked: dict[str, str]) -> dict[str, Any]:
        stack = self.state.stacks[asked["StackId"]]
        if asked.get("UsePreviousParameters", "").lower() != "true":
            raise ValueError("StackValidationFailed: The Parameter was not provided.")
        same_values = {**stack["values"], **given(asked)} == stack["values"]
        if yaml.safe_load(asked["TemplateBody"]) == stack["template"] and same_values:
            raise ValueError("NotSupported: Update the completely same stack is not supported")
        self.state.writes.append("UpdateStack")
        self.change(stack, "UPDATE", asked)
        return {"StackId": stack["StackId"]}

    def delete_stack(self, asked: dict[str, str]) -> dict[str, Any]:
        self.state.writes.append("DeleteStack")
        stack = self.state.stacks[asked["StackId"]]
        stack.update({"Status": "DELETE_IN_PROGRESS", "next": ["DELETE_COMPLETE"]})
        return {}

    def change(self, stack: dict[str, Any], kind: str, asked: dict[str, str]) -> None:
        template = yaml.safe_load(asked["TemplateBody"])
        values = {**stack["values"], **given(asked)}
        for name, parameter in template["Parameters"].items():
            if "Default" in parameter:
                values.setdefault(name, str(parameter["Default"]))
            value = values.get(name)
            if value is None or not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
                raise ValueError(f"StackValidationFailed: The Parameter ({name}) is not allowed.")
        stack.update({"template": template, "values": values, "Status": f"{kind}_IN_PROGRESS"})
        outcome = f"{kind}_COMPLETE"
        for name in template["Resources"]:
            failed = self.state.fails.get(name)
            self.event(stack, name, f"{kind}_FAILED" if failed else f"{kind}_COMPLETE", failed or "")
            if failed:
                rolled = "CREATE_ROLLBACK" if kind == "CREATE" else "ROLLBACK"
                outcome = f"{rolled}_COMPLETE"
                break
        stack["next"] = [stack["Status"], outcome]
        if outcome == "CREATE_COMPLETE":
            self.state.buckets.setdefault(values["SiteBucket"], {})

    def event(self, stack: dict[str, Any], name: str, status: str, reason: str) -> None:
        number = len(stack["events"])
        stack["events"].append(
            {"EventId": f"e{number}", "LogicalResourceId": name, "Status": status, "StatusReason": reason}
        )

    def serve_oss(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        self.state.asked.append(f"{self.command} {bucket}/{key}")
        if waiting := self.state.refusals.get(f"{self.command} {key}"):
            status, code, message = waiting.pop(0)
            self.xml_error(status, code, message)
            return
        if self.command == "PUT" and not key and not query:
            self.state.writes.append(f"bucket {bucket}")
            self.state.buckets.setdefault(bucket, {})
            self.respond(200, b"")
            return
        held = self.state.buckets.get(bucket)
        if self.command == "DELETE" and held == {}:
            self.state.writes.append(f"delete bucket {bucket}")
            del self.state.buckets[bucket]
            self.respond(204, b"")
            return
        if held is None:
            self.xml_error(404, "NoSuchBucket", "The specified bucket does not exist.")
        elif not key:
            self.serve_bucket(bucket, query, body)
        else:
            self.serve_object(held, key, body)

    def serve_bucket(self, bucket: str, query: dict[str, list[str]], body: bytes) -> None:
        held = self.state.buckets[bucket]
        text = ""
        if "publicAccessBlock" in query:
            self.state.closed.add(bucket)
        elif "delete" in query:
            for key in re.findall(r"<Key>(.*?)</Key>", body.decode()):
                self.state.writes.append(f"delete {key}")
                held.pop(key, None)
            text = f"{XML}<DeleteResult></DeleteResult>"
        elif "list-type" in query:
            rows = "".join(
                f"<Contents><Key>{key}</Key><ETag>&quot;{tag(content)}&quot;</ETag></Contents>"
                for key, (content, _) in held.items()
            )
            text = f"{XML}<ListBucketResult><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        else:
            text = f"{XML}<AccessControlPolicy></AccessControlPolicy>"
        self.respond(200, text.encode(), "application/xml")

    def serve_object(self, held: dict[str, tuple[bytes, dict[str, str]]], key: str, body: bytes) -> None:
        if self.command == "PUT":
            self.state.writes.append(f"put {key}")
            held[key] = (body, {name.lower(): value for name, value in self.headers.items()})
            self.respond(200, b"", ETag=f'"{tag(body)}"')
        elif key in held:
            self.respond(200, held[key][0], ETag=f'"{tag(held[key][0])}"')
        else:
            self.xml_error(404, "NoSuchKey", "The specified key does not exist.")

    def xml_error(self, status: int, code: str, message: str) -> None:
        body = f"{XML}<Error><Code>{code}</Code><Message>{message}</Message><RequestId>R</RequestId></Error>"
        self.respond(status, body.encode(), "application/xml", x_oss_request_id="R")


def given(asked: dict[str, str]) -> dict[str, str]:
    """Return the parameters of a request, which come as numbered pairs."""
    keys = {name.split(".")[1]: value for name, value in asked.items() if name.endswith(".ParameterKey")}
    return {key: asked.get(f"Parameters.{number}.ParameterValue", "") for number, key in keys.items()}


def outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {
        "TokenUrl": "https://token-abc.cn-hangzhou.fcapp.run",
        "CallbackUrl": "https://callback-abc.cn-hangzhou.fcapp.run",
        "UploadUrl": f"https://{stack['values']['UploadBucket']}.oss-cn-hangzhou.aliyuncs.com",
        "SiteUrl": f"https://{stack['values']['SiteBucket']}.oss-cn-hangzhou.aliyuncs.com",
        "SiteBucketName": stack["values"]["SiteBucket"],
        "LogProjectName": stack["values"]["LogProject"],
    }


def tag(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


@contextmanager
def serving(state: State) -> Iterator[str]:
    """Serve a state on loopback; yield host and port."""
    handler = type("Bound", (Stub,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
