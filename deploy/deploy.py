"""`make deploy STACK=uploads REGION=cn-hangzhou ...`: packages, stack and page; again, only what changed."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from deploy.aliyun.artifacts import ensure_private_bucket, put_package, remove_old_packages
from deploy.aliyun.buckets import exists
from deploy.aliyun.clients import Cloud, access_key, account_id, connect, endpoints_of
from deploy.aliyun.functions import deployed
from deploy.aliyun.regions import refusal
from deploy.aliyun.ros_stack import DEAD_ENDS, STILLBORN, Show, Stack, Stacks
from deploy.aliyun.site_files import put_site
from deploy.aliyun.upload_cors import refused_origins
from deploy.arguments import Arguments, Unusable, read
from deploy.exit_messages import Ask, ask_leave, status
from deploy.next_steps import left_to_do
from deploy.package import FUNCTIONS, REPOSITORY, RUNTIMES, Package, build
from deploy.page import LOCAL_PAGE, page_of
from deploy.rotate_secret import new_secret
from deploy.settings_check import hidden_values, problems
from local.website import write_page

TEMPLATE = REPOSITORY / "template.yml"
BUILT_PAGE = REPOSITORY / "client" / "dist"


class Deployment:
    """One deploy: who, where, and what ROS has of it so far."""

    def __init__(self, arguments: Arguments, cloud: Cloud, stacks: Stacks, show: Show, ask: Ask) -> None:
        self.arguments = arguments
        self.cloud = cloud
        self.stacks = stacks
        self.show = show
        self.ask = ask
        self.template = TEMPLATE.read_text(encoding="utf-8")

    def run(self) -> Stack:
        """Deploy, and return the stack. Raises `Unusable`, `StackFailed`, or what an SDK raises."""
        self.check_place(self.arguments.settings.get("Runtime", RUNTIMES[-1]))
        account = account_id(self.cloud)
        ask_leave(self.arguments, account, "Deploy there?", self.show, self.ask)
        stack = self.settled()
        names = names_of(self.arguments.stack, self.arguments.region, account)
        template = yaml.safe_load(self.template)
        settings = {**followed(stack, self.arguments.settings), **self.arguments.settings}
        if stack:
            refuse_second_thoughts(stack, settings)
        values = {**(self.known_values(stack, template) if stack else self.first_values(names)), **settings}
        self.check_place(values["Runtime"])
        found = list(problems(template, values, self.arguments.region))
        if found:
            raise Unusable("\n".join(found))
        packages = self.put_packages(names["ArtifactBucket"], values)
        stack = self.put_stack(stack, values, {**settings, **packages})
        if old := remove_old_packages(self.cloud.oss, names["ArtifactBucket"], packages.values()):
            self.show(f"removed {old} old packages")
        self.put_page(stack)
        self.report(stack)
        return stack

    def settled(self) -> Stack | None:
        """Return the stack as an earlier deploy left it; one that never came to life is removed."""
        stack = self.stacks.settled(self.arguments.stack, self.show)
        if stack and stack.status in STILLBORN:
            self.show("An earlier attempt never came to life; removing what it left.")
            self.stacks.delete(stack, self.show)
            return None
        if stack and (way_out := DEAD_ENDS.get(stack.status)):
            raise Unusable(f"Stack {stack.name} is {stack.status}: {way_out}.")
        return stack

    def check_place(self, runtime: str) -> None:
        """Raise `Unusable` where this region cannot, or for a runtime that is none of ours."""
        if runtime not in RUNTIMES:
            raise Unusable(f"RUNTIME takes one of {', '.join(RUNTIMES)}.")
        if reason := refusal(self.arguments.region, runtime):
            raise Unusable(reason)

    def known_values(self, stack: Stack, template: Mapping[str, Any]) -> dict[str, str]:
        """Return a stack's parameters; those that ROS hides are in the functions' variables."""
        values = dict(stack.parameters)
        for function in FUNCTIONS:
            held = deployed(self.cloud.fc, stack.name, function).variables
            values |= hidden_values(template, function, held)
        return values

    def first_values(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return what a first deploy decides, if nobody else does."""
        settings = self.arguments.settings
        uploads = settings.get("UploadBucket", names["UploadBucket"])
        kept = exists(self.cloud.oss, uploads, self.arguments.region)
        if kept:
            self.show(f"{uploads} exists: it is used as it is.")
        return {
            **names,
            "Runtime": RUNTIMES[0],
            "ExistingUploadBucket": "true" if kept else "false",
            "AllowedOrigins": default_origins(settings.get("SiteDomain", "")),
            "TicketSecret": new_secret(),
        }

    def put_packages(self, bucket: str, values: Mapping[str, str]) -> dict[str, str]:
        """Build both packages, send what is new, and return the parameters that name them."""
        self.show(f"building the packages for {values['Runtime']}")
        ensure_private_bucket(self.cloud.oss, bucket, self.arguments.region)
        sign_in = values.get("AllowAnonymous") != "true"
        made: dict[str, str] = {}
        for function in FUNCTIONS:
            package: Package = build(function, values["Runtime"], sign_in=sign_in)
            sent = put_package(self.cloud.oss, bucket, package)
            self.show(f"{'sent' if sent else 'kept'} {package.name}")
            made[f"{function.capitalize()}Object"] = package.name
        return made

    def put_stack(self, stack: Stack | None, values: Mapping[str, str], given: Mapping[str, str]) -> Stack:
        """Create or update the stack, and return it when ROS has done."""
        if stack is None:
            created = self.stacks.create(self.arguments.stack, self.template, {**values, **given})
            return self.stacks.watch(created, self.show, set())
        seen = self.stacks.events_so_far(stack)
        if self.stacks.update(stack, self.template, given):
            return self.stacks.watch(stack.id, self.show, seen)
        self.show("the stack is as it should be")
        return stack

    def put_page(self, stack: Stack) -> None:
        """Put the page into the site bucket, told where the functions and the bucket are."""
        with tempfile.TemporaryDirectory() as folder:
            write_page(BUILT_PAGE, Path(folder), page_of(stack))
            change = put_site(self.cloud.oss, stack.outputs["SiteBucketName"], BUILT_PAGE, Path(folder))
        self.show(f"page: {len(change.sent)} files sent, {len(change.removed)} removed")

    def report(self, stack: Stack) -> None:
        """Say where everything is, and what a person still has to do."""
        for name in ("TokenUrl", "CallbackUrl", "UploadUrl", "SiteUrl"):
            self.show(f"{name:<12}{stack.outputs[name]}")
        refused: list[str] = []
        if stack.parameters["ExistingUploadBucket"] == "true":
            origins = stack.parameters["AllowedOrigins"].split(",")
            refused = refused_origins(self.cloud.oss, stack.parameters["UploadBucket"], origins)
        for line in left_to_do(stack, self.arguments.region, refused):
            self.show(line)


def names_of(stack: str, region: str, account: str) -> dict[str, str]:
    """Return the names that must be nobody else's, by the template's parameters."""
    uses = {"ArtifactBucket": "code", "UploadBucket": "uploads", "SiteBucket": "site", "LogProject": "logs"}
    return {parameter: f"{stack}-{region}-{account}-{use}" for parameter, use in uses.items()}


def default_origins(site_domain: str) -> str:
    """Return whose pages may upload when nobody says it."""
    return f"https://{site_domain}" if site_domain else LOCAL_PAGE


def refuse_second_thoughts(stack: Stack, settings: Mapping[str, str]) -> None:
    """Raise `Unusable` for what ROS cannot change in a stack: whose bucket it is, and a bound domain."""
    bucket = stack.parameters.get("UploadBucket", "")
    if settings.get("UploadBucket", bucket) != bucket:
        raise Unusable(f"UPLOAD_BUCKET is {bucket} for good: another bucket takes another STACK.")
    for name in ("SiteDomain", "UploadDomain"):
        bound, wished = stack.parameters.get(name, ""), settings.get(name, "")
        if bound and wished and bound != wished:
            variable = f"{name.removesuffix('Domain').upper()}_DOMAIN"
            raise Unusable(f"{bound} is bound: deploy with {variable}= first, then {variable}={wished}")


def followed(stack: Stack | None, settings: Mapping[str, str]) -> dict[str, str]:
    """Return AllowedOrigins where it has to follow a new SITE_DOMAIN: as long as nobody has chosen it."""
    if stack is None or "SiteDomain" not in settings:
        return {}
    if stack.parameters["AllowedOrigins"] != default_origins(stack.parameters["SiteDomain"]):
        return {}
    return {"AllowedOrigins": default_origins(settings["SiteDomain"])}


def main(env: Mapping[str, str]) -> None:
    """Deploy. Raises what `saying.status` tells."""
    arguments = read(env)
    cloud = connect(arguments.region, access_key(), endpoints_of(arguments.region))
    Deployment(arguments, cloud, Stacks(cloud.ros, arguments.region), print, input).run()


if __name__ == "__main__":
    sys.exit(status(lambda: main(os.environ)))
