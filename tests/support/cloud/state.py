"""What the stand-in cloud holds, and the faults that a test gives it."""

from __future__ import annotations

from typing import Any

from oss_emulator.auth.credentials import Credential

ACCOUNT = "1234567890123456"
OTHER_ACCOUNT = "9876543210987654"
REGION = "cn-hangzhou"
KEY = Credential("access-key-id", "access-key-secret", "security-token")
SUFFIX = "oss-cn-hangzhou.aliyuncs.com"
INTERNAL = "oss-cn-hangzhou-internal.aliyuncs.com"


class Refused(Exception):
    """A refusal: status, code and message of the answer, and at which endpoint OSS wants to be asked."""

    def __init__(self, status: int, code: str, message: str, endpoint: str = "") -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.endpoint = status, code, message, endpoint


class State:
    """The cloud of one account in one region. A request is named by its action, or as `PUT bucket/key`.

    `fails` names resources that cannot be made; `delete NAME` is one that cannot be deleted. Each name in
    `refusals` and `lost` has a list with one entry per request: a refusal, or a connection that is closed
    `before` or `after` the request was carried out. After `expires_after` requests the credentials expire.
    A function in `drifted` has another ticket secret than its stack, one in `modified` another time of its
    last change. `foreign` buckets belong to another account, whose policy allows this one everything if the
    bucket is among the `buckets`, and nothing if it is not. Those `elsewhere` are in another region, those
    `at_their_endpoint` too, where OSS answers nothing about them but at that region's endpoint. Of those
    `without_owner` nobody is told the owner. A `new_account` activated OSS on 2025-03-20 or later; one that
    `blocks_public_access` does so for all its buckets, and each new bucket does. `services` has the status of
    each in ROS's words, `missing_roles` names service-linked roles, and `reserved` has instances of functions
    outside of the stacks. `code` is the zip that each function was given last. Where `numbers_are_text`, ROS
    compares a Number as text. `domains` has the certificate of each domain that is bound to a bucket; OSS
    binds one only if it is among the `records`, and refuses it with the code in `refused_domains`.
    Of a bucket, the `refused_settings` may be neither read nor changed.
    """

    def __init__(self, region: str = REGION) -> None:
        self.region = region
        self.buckets: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = {}
        self.acls: dict[str, str] = {}
        self.cors: dict[str, str] = {}
        self.lifecycle: dict[str, str] = {}
        self.foreign: set[str] = set()
        self.elsewhere: set[str] = set()
        self.at_their_endpoint: set[str] = set()
        self.without_owner: set[str] = set()
        self.new_account = False
        self.blocks_public_access = False
        self.services = dict.fromkeys(("OSS", "FC", "SLS"), "Enabled")
        self.missing_roles: set[str] = set()
        self.reserved: dict[str, int] = {}
        self.numbers_are_text = False
        self.public_access_blocked: set[str] = set()
        self.domains: dict[str, dict[str, str]] = {}
        self.records: set[str] = set()
        self.refused_domains: dict[str, tuple[int, str]] = {}
        self.refused_settings: dict[str, set[str]] = {}
        self.policies: dict[str, str] = {}
        self.code: dict[str, bytes] = {}
        self.stacks: dict[str, dict[str, Any]] = {}
        self.newest_first = False
        self.answers: dict[str, dict[str, Any]] = {}  # by client token
        self.modified: dict[str, str] = {}
        self.drifted: dict[str, str] = {}
        self.fails: dict[str, str] = {}
        self.refusals: dict[str, list[Refused]] = {}
        self.lost: dict[str, list[str]] = {}
        self.expires_after: int | None = None
        self.asked: list[str] = []
        self.hosts: set[str] = set()
        self.writes: list[str] = []

    @property
    def suffix(self) -> str:
        """The end of each bucket's own domain."""
        return f"oss-{self.region}.aliyuncs.com"

    def make_bucket(self, bucket: str) -> None:
        """Make a bucket that is missing. OSS, since 2025-10-13: Block Public Access is on for a new one."""
        if bucket not in self.buckets:
            self.buckets[bucket] = {}
            self.public_access_blocked.add(bucket)

    def squat(self, bucket: str, **held: bytes) -> None:
        """Give a bucket's name to another account, which allows this one everything in it."""
        self.foreign.add(bucket)
        self.buckets[bucket] = {key: (content, {}) for key, content in held.items()}

    def refuse(self, name: str) -> None:
        """Refuse a request if a test said so."""
        if self.expires_after is not None and len(self.asked) > self.expires_after:
            raise Refused(403, "InvalidSecurityToken.Expired", "The security token has expired.")
        if waiting := self.refusals.get(name):
            raise waiting.pop(0)
