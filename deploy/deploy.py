"""`make deploy STACK=uploads REGION=cn-hangzhou ...`: create or update packages, stack and page."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from deploy.aliyun.artifacts import (
    delete_old_packages,
    ensure_private_bucket,
    put_package,
    stored_package,
)
from deploy.aliyun.buckets import bucket_exists
from deploy.aliyun.clients import Cloud, account_id, connect_region
from deploy.aliyun.domains import Certificate
from deploy.aliyun.functions import get_function
from deploy.aliyun.regions import newest_runtime, reason_against
from deploy.aliyun.ros_stack import DEAD_ENDS, FAILED_CREATIONS, Stack, Stacks
from deploy.arguments import DEPLOY_OPTIONS, Arguments, read_arguments
from deploy.bucket_settings import BucketSettings
from deploy.certificates import certificates_for
from deploy.domains import Domains, domain_problems, domains_of
from deploy.errors import CommandError
from deploy.exit_messages import run_command
from deploy.function_zip import FUNCTIONS, RUNTIMES, build
from deploy.next_steps import next_steps
from deploy.page_addresses import default_origins
from deploy.preflight.examination import Plan, examine, require_success
from deploy.preflight.object_trial import prepare_bucket
from deploy.resource_names import resource_names
from deploy.site_bucket import put_page, set_site_access
from deploy.stack_buckets import BUCKETS, changed_package, require_buckets
from deploy.stack_record import RECORD_NAME
from deploy.template import defaults_of, hidden_values, parse_template, template_text
from deploy.terminal import NOTHING_DONE, Ask, Show, ask_permission
from deploy.ticket_secret import new_ticket_secret
from deploy.upload_bucket import missing_rules

SIGN_IN = ("AuthJwks", "AuthHs256Secret")  # with either, the token function needs PyJWT
BOUND_AGAIN = (
    " This command binds it again right after; OSS may ask for the TXT record of _dnsauth then, and until it "
    "finds that, nobody reaches the bucket at this domain."
)


def main(env: Mapping[str, str]) -> None:
    """Deploy. Raises the exceptions that `exit_messages` knows."""
    arguments = read_arguments(env, options=DEPLOY_OPTIONS)
    cloud = connect_region(arguments.region, arguments.oss_endpoint)
    DeployCommand(arguments, cloud, Stacks(cloud.ros, arguments.region), print, input).run()


class DeployCommand:
    """One run of the command, for one stack."""

    def __init__(self, arguments: Arguments, cloud: Cloud, stacks: Stacks, show: Show, ask: Ask) -> None:
        self.arguments = arguments
        self.cloud = cloud
        self.stacks = stacks
        self.show = show
        self.ask = ask
        self.template = template_text()
        self.domains = Domains(cloud, show, stacks.pause, wait=arguments.wait)

    def run(self) -> Stack:
        """Deploy, and return the stack. Raises `CommandError`, `StackFailed`, or an SDK's exception."""
        check_place(self.arguments.region, self.arguments.settings.get("Runtime"))
        account = account_id(self.cloud)
        ask_permission(self.arguments, account, "Deploy there?", self.show, self.ask)
        stack = self.find_stack()
        values = self.wanted_values(stack, account)
        certificates = self.certificates(values)
        require_success(examine(self.plan(account, values)), self.show)
        if stack is None:
            values["ExistingUploadBucket"] = self.takes_over(account, values["UploadBucket"])
        else:
            require_buckets(self.cloud, account, values, BUCKETS[1:])
        settings = self.changes(stack)
        buckets = self.bucket_settings(stack, account, values)
        buckets.begin(stack, {**defaults_of(parse_template(self.template)), **values}, certificates)
        packages = self.put_packages(stack, values)
        before = stack
        try:
            stack = self.put_stack(before, values, {**settings, **packages})
        except BaseException:
            buckets.put_back(before)
            raise
        # again: until now, anybody could take the name of a bucket that was not there
        require_buckets(self.cloud, account, stack.parameters)
        kept = (*packages.values(), RECORD_NAME)
        if old := delete_old_packages(self.cloud.oss, values["ArtifactBucket"], kept):
            self.show(f"removed {old} old packages")
        unfinished = set_site_access(self.cloud, account, stack)
        change = put_page(self.cloud, stack)
        self.show(f"page: {len(change.sent)} files sent, {len(change.deleted)} removed")
        unfinished += buckets.finish(stack, certificates)
        self.report(stack, [] if unfinished else self.domains.without_certificate(stack.parameters))
        if unfinished:
            raise CommandError("\n".join(unfinished))
        return stack

    def bucket_settings(self, stack: Stack | None, account: str, values: Mapping[str, str]) -> BucketSettings:
        """Return what deploys set beside ROS; the bucket of the packages has it, and is made if missing.

        Raises `CommandError` without permission to have ROS unbind the domains of an earlier version's stack.
        """
        packages = values["ArtifactBucket"]
        if stack is None:
            prepare_bucket(self.cloud, account, packages)
        else:
            ensure_private_bucket(self.cloud, account, packages)
        found = BucketSettings(self.cloud, account, packages, self.domains)
        unbound = found.take_from_earlier_version(self.stacks, stack) if stack else []
        for domain in unbound:
            again = BOUND_AGAIN if domain in domains_of(values) else ""
            self.show(f"ROS unbinds {domain} while it updates this stack of an earlier version.{again}")
        if unbound and not self.arguments.yes and self.ask("Go on? Type yes: ").strip() != "yes":
            raise CommandError(NOTHING_DONE)
        return found

    def find_stack(self) -> Stack | None:
        """Return the stack that exists, or None. What is left of a failed creation is deleted."""
        stack = self.stacks.find_idle(self.arguments.stack, self.show)
        if stack and stack.status in FAILED_CREATIONS:
            self.show("An earlier deploy failed before the stack worked; deleting what it left.")
            self.stacks.delete(stack, self.show)
            return None
        refuse_dead_end(stack)
        return stack

    def plan(self, account: str, values: Mapping[str, str]) -> Plan:
        """Return what the checks need to know of this deploy."""
        arguments = self.arguments
        template = parse_template(self.template)
        return Plan(self.cloud, account, arguments.stack, template, values, arguments.instance_quota)

    def certificates(self, values: Mapping[str, str]) -> dict[str, Certificate]:
        """Return the certificates by domain. Raises `CommandError` for a domain or one that cannot work."""
        if found := [*domain_problems(parse_template(self.template), values)]:
            raise CommandError("\n".join(found))
        return certificates_for(values, self.arguments.certificates, datetime.now(timezone.utc))

    def changes(self, stack: Stack | None) -> dict[str, str]:
        """Return the parameters that the settings give, and those that follow from them."""
        return {**following_origins(stack, self.arguments.settings), **self.arguments.settings}

    def wanted_values(self, stack: Stack | None, account: str) -> dict[str, str]:
        """Return the values of all parameters. Raises `CommandError` for a change that ROS cannot make."""
        names = resource_names(self.arguments.stack, self.arguments.region, account)
        settings = self.changes(stack)
        if stack:
            refuse_fixed(stack, settings)
        known = self.present_values(stack) if stack else self.first_values(names)
        # a stack that was made by hand moves to the bucket that packages are put into
        values = {**known, **settings, "ArtifactBucket": names["ArtifactBucket"]}
        check_place(self.arguments.region, values["Runtime"])
        return values

    def present_values(self, stack: Stack) -> dict[str, str]:
        """Return a stack's parameters; those that ROS hides are read from the functions' variables."""
        values = dict(stack.parameters)
        template = parse_template(self.template)
        for function in FUNCTIONS:
            variables = get_function(self.cloud.fc, stack.name, function).variables
            values |= hidden_values(template, function, variables)
        return values

    def first_values(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the values of a first deploy, for parameters that no setting gives."""
        settings = self.arguments.settings
        runtime = newest_runtime(self.arguments.region)
        if "Runtime" not in settings and runtime != RUNTIMES[0]:
            self.show(f"{self.arguments.region} has no {RUNTIMES[0]}: the functions get {runtime}.")
        return {
            **names,
            "Runtime": runtime,
            "AllowedOrigins": default_origins(settings.get("SiteDomain", "")),
            "TicketSecret": new_ticket_secret(),
        }

    def takes_over(self, account: str, uploads: str) -> str:
        """Return the value of ExistingUploadBucket for a first deploy."""
        if not bucket_exists(self.cloud, account, uploads):
            return "false"
        names = resource_names(self.arguments.stack, self.arguments.region, account)
        if uploads == names["UploadBucket"]:  # made by an earlier deploy: ROS keeps it
            ensure_private_bucket(self.cloud, account, uploads)
        self.show(f"{uploads} exists: its files stay, and its settings too but for two rules.")
        return "true"

    def put_packages(self, stack: Stack | None, values: Mapping[str, str]) -> dict[str, str]:
        """Build both packages, send the new ones, and return the parameters that name them.

        Raises `CommandError` where somebody changed a package that a function of the stack uses: it may run
        by now, and ROS gives a function no other package while the name stays the same.
        """
        self.show(f"building the packages for {values['Runtime']}")
        bucket = values["ArtifactBucket"]
        sign_in = any(map(values.get, SIGN_IN))
        parameters = {"ArtifactBucket": bucket}
        for function in FUNCTIONS:
            package = build(function, values["Runtime"], sign_in=sign_in)
            parameter = f"{function.capitalize()}Object"
            stored = stored_package(self.cloud.oss, bucket, package.name)
            if stored == "other" and stack and stack.parameters[parameter] == package.name:
                raise changed_package(bucket, package.name)
            if stored != "same":
                put_package(self.cloud.oss, bucket, package)
            self.show(f"{'kept' if stored == 'same' else 'sent'} {package.name}")
            parameters[parameter] = package.name
        return parameters

    def put_stack(self, stack: Stack | None, values: Mapping[str, str], given: Mapping[str, str]) -> Stack:
        """Create the stack, or update it with what was given, and return it when ROS has ended."""
        if stack is None:
            created = self.stacks.create(self.arguments.stack, self.template, {**values, **given})
            return self.stacks.watch(created, self.show, set())
        seen = self.stacks.events_so_far(stack)
        if self.stacks.update(stack, self.template, given):
            return self.stacks.watch(stack.id, self.show, seen)
        self.show("the stack is as it should be")
        return stack

    def report(self, stack: Stack, insecure: Sequence[str]) -> None:
        """Show the addresses of everything, and the steps that are left to a person.

        `insecure` are bound domains without a certificate.
        """
        site = ("SiteUrl",) if stack.parameters["SiteDomain"] else ()  # without one, nobody may read it there
        for name in ("TokenUrl", "CallbackUrl", "UploadUrl", *site):
            self.show(f"{name:<12}{stack.outputs[name]}")
        missing = missing_rules(self.cloud, stack.parameters)
        for line in next_steps(stack, self.arguments.region, missing, insecure):
            self.show(line)


def check_place(region: str, runtime: str | None) -> None:
    """Raise `CommandError` for a runtime that is not ours, or for a region that lacks it or the rest."""
    if runtime and runtime not in RUNTIMES:
        raise CommandError(f"RUNTIME takes one of {', '.join(RUNTIMES)}.")
    if reason := reason_against(region, runtime):
        raise CommandError(reason)


def refuse_dead_end(stack: Stack | None) -> None:
    """Raise `CommandError` for a stack that no deploy can continue from."""
    if stack and (way := DEAD_ENDS.get(stack.status)):
        raise CommandError(f"Stack {stack.name} is {stack.status}: {way}.")


def following_origins(stack: Stack | None, settings: Mapping[str, str]) -> dict[str, str]:
    """Return AllowedOrigins for a new SITE_DOMAIN, if until now it was the default."""
    if stack is None or "SiteDomain" not in settings:
        return {}
    if stack.parameters["AllowedOrigins"] != default_origins(stack.parameters["SiteDomain"]):
        return {}
    return {"AllowedOrigins": default_origins(settings["SiteDomain"])}


def refuse_fixed(stack: Stack, settings: Mapping[str, str]) -> None:
    """Raise `CommandError` for a change that ROS cannot make: of the upload bucket."""
    bucket = stack.parameters.get("UploadBucket", "")
    if settings.get("UploadBucket", bucket) != bucket:
        raise CommandError(
            f"UPLOAD_BUCKET of this stack stays {bucket}: for another bucket, choose another STACK."
        )


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(os.environ)))
