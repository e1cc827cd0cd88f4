"""`make doctor`: is this deployment sound? Prints each finding as it comes; exit status 1 if one failed.

Where: `--token-url`, `--origin`, `--site-url`, or TOKEN_URL, ORIGIN and SITE_URL; or what `make deploy` made
with STACK and REGION; without any of these, the defaults of `make run`. A user's token, where users sign in,
comes from BEARER_TOKEN alone: other users of a machine can see arguments.

`--json` (or JSON=true) prints one document and nothing else:
{"ok": bool, "left": ["bucket/key"],
 "findings": [{"name", "verdict": "ok|failed|noted|skipped", "tried", "found", "cause", "fix", "left": []}]}
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from deploy.doctor.examination import examine
from deploy.doctor.finding import Deployment, Finding

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750
LOCAL = Deployment("http://127.0.0.1:9001/", "http://127.0.0.1:8080", "http://127.0.0.1:8080")


def options(arguments: Sequence[str], env: Mapping[str, str]) -> argparse.Namespace:
    """Read the command line; what it leaves out comes from the environment."""
    parser = argparse.ArgumentParser(prog="make doctor", description="Is this deployment sound?")
    parser.add_argument("--token-url", default=env.get("TOKEN_URL"))
    parser.add_argument("--origin", default=env.get("ORIGIN"))
    parser.add_argument("--site-url", default=env.get("SITE_URL"))
    parser.add_argument("--json", action="store_true", default=env.get("JSON") == "true")
    return parser.parse_args(arguments)


def where(chosen: argparse.Namespace, env: Mapping[str, str]) -> Deployment:
    """Return where the deployment is. Exits with a sentence where half of it is missing."""
    bearer = env.get("BEARER_TOKEN", "").removeprefix("Bearer ").strip() or None
    if bearer and not TOKEN.fullmatch(bearer):
        sys.exit("BEARER_TOKEN is no bearer token: it has characters that none has.")
    if not chosen.token_url and env.get("STACK"):
        return dataclasses.replace(deployed(env["STACK"], env.get("REGION", "")), bearer_token=bearer)
    if not chosen.token_url:
        return Deployment(LOCAL.token_url, LOCAL.origin, LOCAL.site_url, bearer)
    if not chosen.origin:
        sys.exit("Say from which origin pages upload: ORIGIN=https://www.example.com")
    return Deployment(chosen.token_url, chosen.origin.rstrip("/"), chosen.site_url or None, bearer)


def deployed(name: str, region: str) -> Deployment:
    """Return where a stack's functions and buckets are; exit with a sentence where there is none."""
    from deploy.aliyun.clients import access_key, connect, endpoints_of  # noqa: PLC0415 - SDKs: only for who asks a cloud
    from deploy.aliyun.ros_stack import Stacks  # noqa: PLC0415 - as above
    from deploy.exit_messages import ENDS, sentence  # noqa: PLC0415 - as above

    if not region:
        sys.exit("Say where it is: REGION=cn-hangzhou")
    try:
        stack = Stacks(connect(region, access_key(), endpoints_of(region)).ros, region).standing(name)
    except ENDS as end:
        sys.exit(sentence(end))
    return of_stack(stack.outputs, stack.parameters, region)


def of_stack(outputs: Mapping[str, str], parameters: Mapping[str, str], region: str) -> Deployment:
    """Return where a stack says it is; its site at OSS's own address, which every bucket has."""
    origin = parameters["AllowedOrigins"].split(",")[0]
    site = f"https://{outputs['SiteBucketName']}.oss-{region}.aliyuncs.com"
    return Deployment(outputs["TokenUrl"].rstrip("/") + "/", origin, site, None)


def show(findings: Iterable[Finding]) -> bool:
    """Print each finding as it comes, and a summary. Return whether nothing failed."""
    counted: Counter[str] = Counter()
    left: list[str] = []
    for one in findings:
        counted[one.verdict] += 1
        left += one.left
        print(f"{one.verdict:<8}{one.tried}: {one.found}", flush=True)
        for name, text in (("cause", one.cause), ("fix", one.fix)):
            if text:
                print(f"        {name}: {text}", flush=True)
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counted.items()))
    for one_left in left:
        print(f"left in the bucket: {one_left}")
    return not counted["failed"]


def show_json(findings: Iterable[Finding]) -> bool:
    """Print one document. Return whether nothing failed."""
    found = list(findings)
    sound = all(one.verdict != "failed" for one in found)
    left = [key for one in found for key in one.left]
    print(
        json.dumps(
            {"ok": sound, "left": left, "findings": [dataclasses.asdict(one) for one in found]}, indent=2
        )
    )
    return sound


def main() -> int:
    """Examine, print, and return the exit status."""
    chosen = options(sys.argv[1:], os.environ)
    findings = examine(where(chosen, os.environ))
    return 0 if (show_json if chosen.json else show)(findings) else 1


if __name__ == "__main__":
    sys.exit(main())
