"""What one deploy sets in a stack's buckets beside ROS: domains, and rules in the upload bucket.

What it is about to set is recorded before, and what is set or removed after; see `stack_record.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.domains import Certificate
from deploy.aliyun.ros_stack import Stack, Stacks
from deploy.domains import Domains, bound_by_ros, domains_of
from deploy.errors import CommandError
from deploy.stack_record import EMPTY, Record, put_record, read_record
from deploy.template import parse_template
from deploy.upload_bucket import recorded_rules, rules_of_ros, set_rules

Values = Mapping[str, str]
Certificates = Mapping[str, Certificate]


class BucketSettings:
    """The settings of one stack in one deploy. `packages` is the bucket that has the record."""

    def __init__(self, cloud: Cloud, account: str, packages: str, domains: Domains) -> None:
        self.cloud = cloud
        self.account = account
        self.packages = packages
        self.domains = domains
        self.stored = read_record(cloud.oss, packages)
        self.earlier = self.stored or EMPTY
        self.record = self.earlier

    def take_from_earlier_version(self, stacks: Stacks, stack: Stack) -> list[str]:
        """If the stack has no record, let it be of what ROS set. Return the domains that ROS will unbind.

        ROS deletes the binding of an earlier version's template, because today's has none.
        """
        if self.stored:
            return []
        named = bound_by_ros(parse_template(stacks.template_of(stack)), stack.parameters)
        bound = self.domains.bindings(stack.parameters)
        self.earlier = Record(
            domains=tuple((domain, bucket) for domain, bucket in named.items() if domain in bound),
            certificates={domain: bound[domain].certificate_id for domain in named.keys() & bound.keys()},
            ours=(*rules_of_ros(stack.parameters),),
            others=(),
        )
        self.record = self.earlier
        return [domain for domain in named if domain in bound]

    def begin(self, stack: Stack | None, values: Values, certificates: Certificates) -> None:
        """Record what is about to be set; of a stack that works, bind the new domains.

        Raises `CommandError` if one cannot be bound: the stack goes on with what it has.
        """
        record = self.domains.recorded(self.record, self.account, values)
        self.store(recorded_rules(self.cloud, record, self.account, values))
        if stack is None:
            return
        used = {*domains_of(stack.parameters).items(), *domains_of(values).items()}
        free, _ = self.domains.unbind_old(self.record, self.account, used)
        self.store(free)
        try:
            self.domains.bind_new(stack, values, certificates)
        except CommandError:
            self.store(
                self.domains.settled(self.record, self.earlier)._replace(
                    certificates=self.earlier.certificates, ours=self.earlier.ours, others=self.earlier.others
                )
            )
            raise

    def put_back(self, before: Stack | None) -> None:
        """Set the rules of others again, after ROS has failed with a stack, and may have dropped them."""
        with contextlib.suppress(OperationError):  # the next deploy tries it again
            if before:
                self.store(set_rules(self.cloud, self.record, self.earlier, before.parameters)[0])

    def finish(self, stack: Stack, certificates: Certificates) -> list[str]:
        """Set rules, bind domains, and remove what earlier deploys set. Return what could not be done."""
        done, unfinished = set_rules(self.cloud, self.record, self.earlier, stack.parameters)
        again = self.domains.still_without(self.record.certificates, stack.parameters)
        unfinished += self.domains.bind_all(stack.parameters, {**again, **certificates})
        done = self.domains.settled(done, self.earlier)
        done, bound = self.domains.unbind_old(done, self.account, {*domains_of(stack.parameters).items()})
        left = self.domains.still_without(done.certificates, stack.parameters)
        self.store(done._replace(certificates={domain: one.id for domain, one in left.items()}))
        return unfinished + bound

    def store(self, record: Record) -> None:
        """Store a record, if it is another one than the stored."""
        self.record = record
        if record != self.stored:
            put_record(self.cloud.oss, self.packages, record)
            self.stored = record
