"""`make doctor`: is this deployment sound? Prints each finding when it is known; exit status 1 if one failed.

Which deployment: `--token-url`, `--origin` and `--site-url`, or TOKEN_URL, ORIGIN and SITE_URL; or what `make
deploy` made with STACK and REGION; otherwise `make run`, at TOKEN_PORT and SITE_PORT if they are set. Where
users sign in, a user's token is read from BEARER_TOKEN alone: other users of a machine can see arguments.

`--record FILE` (or RECORD=FILE) keeps the raw answers in a new file, without secrets: see `recording.py`.
`--json` (or JSON=true) prints one document and nothing else:
{"ok": bool, "left": ["bucket/key"],
 "findings": [{"name", "kind": "check|open question", "verdict": "ok|failed|noted|skipped", "tried", "found",
               "cause", "fix", "meaning", "left": [], "removed": []}]}
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

from deploy.doctor.examination import examine
from deploy.doctor.finding import Deployment, Finding
from deploy.doctor.probe import Exchange
from deploy.doctor.recording import document
from deploy.doctor.target import choose_deployment, require_running


def main() -> int:
    """Examine, print, and return the exit status."""
    chosen = read_options(sys.argv[1:], os.environ)
    deployment = choose_deployment(chosen.token_url, chosen.origin, chosen.site_url, os.environ)
    if not (chosen.token_url or os.environ.get("STACK")):
        require_running(deployment)
    show = show_json if chosen.json else show_lines
    if not chosen.record:
        with closing(examine(deployment)) as findings:
            return 0 if show(findings) else 1
    with new_file(chosen.record) as file:
        return 0 if recorded(deployment, show, file) else 1


def recorded(deployment: Deployment, show: Callable[[Iterable[Finding]], bool], file: TextIO) -> bool:
    """Examine, show, and write what was exchanged until then, also if the examination is interrupted."""
    exchanges: list[Exchange] = []
    found: list[Finding] = []

    def kept(findings: Iterable[Finding]) -> Iterator[Finding]:
        for one in findings:
            found.append(one)
            yield one

    try:
        with closing(examine(deployment, exchanges.append)) as findings:
            return show(kept(findings))
    finally:
        json.dump(document(deployment, exchanges, found, time.gmtime().tm_year), file, indent=1)
        file.write("\n")


def new_file(name: str) -> TextIO:
    """Open a new file; exit with a sentence if it cannot be made, or is there already."""
    try:
        return Path(name).open("x", encoding="utf-8")
    except OSError as error:
        sys.exit(f"RECORD is the name of a new file, and this one cannot be made ({error.strerror}).")


def read_options(arguments: Sequence[str], env: Mapping[str, str]) -> argparse.Namespace:
    """Read the command line; an option that is not there comes from the environment."""
    parser = argparse.ArgumentParser(prog="make doctor", description="Is this deployment sound?")
    parser.add_argument("--token-url", default=env.get("TOKEN_URL"))
    parser.add_argument("--origin", default=env.get("ORIGIN"))
    parser.add_argument("--site-url", default=env.get("SITE_URL"))
    parser.add_argument("--record", default=env.get("RECORD"))
    parser.add_argument("--json", action="store_true", default=env.get("JSON") == "true")
    return parser.parse_args(arguments)


def show_lines(findings: Iterable[Finding]) -> bool:
    """Print each finding when it is known, then a summary. Return whether nothing failed."""
    counted: Counter[str] = Counter()
    shown: list[Finding] = []
    for one in findings:
        shown.append(one)
        counted[one.verdict] += 1
        print(f"{one.verdict:<8}{one.tried}: {one.found}", flush=True)
        for name, text in (("cause", one.cause), ("fix", one.fix), ("means", one.meaning)):
            if text:
                print(f"        {name}: {text}", flush=True)
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counted.items()))
    for key in left_in(shown):
        print(f"left in the bucket: {key}")
    return not counted["failed"]


def left_in(findings: Sequence[Finding]) -> list[str]:
    """List what is still in the bucket."""
    removed = {key for one in findings for key in one.removed}
    return [key for one in findings for key in one.left if key not in removed]


def show_json(findings: Iterable[Finding]) -> bool:
    """Print one document. Return whether nothing failed."""
    found = list(findings)
    ok = all(one.verdict != "failed" for one in found)
    print(
        json.dumps(
            {"ok": ok, "left": left_in(found), "findings": [dataclasses.asdict(one) for one in found]},
            indent=2,
        )
    )
    return ok


if __name__ == "__main__":
    sys.exit(main())
