"""What the stand-in cloud holds, and what it was told to do wrong."""

from __future__ import annotations

from typing import Any

from oss_emulator.auth.credentials import Credential

ACCOUNT = "1234567890123456"
REGION = "cn-hangzhou"
KEY = Credential("access-key-id", "access-key-secret", "security-token")
SUFFIX = "oss-cn-hangzhou.aliyuncs.com"


class Refused(Exception):
    """What a service answers instead: a status, a code, a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message = status, code, message


class State:
    """The cloud of one account. A request is named by its action, or as `PUT bucket/key`.

    `fails` names a resource that cannot be made. `refusals` are answered, and `lost` connections closed
    (`before` or `after` it was done), one for each request of that name. `expires_after` so many requests the
    credentials expire. `drifted` functions have another ticket secret than their
    stack. `foreign` buckets are another account's, those `elsewhere` in another region.
    """

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, tuple[bytes, dict[str, str]]]] = {}
        self.cors: dict[str, str] = {}
        self.foreign: set[str] = set()
        self.elsewhere: set[str] = set()
        self.closed: set[str] = set()
        self.stacks: dict[str, dict[str, Any]] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.modified = "2026-01-01T00:00:00Z"
        self.drifted: dict[str, str] = {}
        self.fails: dict[str, str] = {}
        self.refusals: dict[str, list[Refused]] = {}
        self.lost: dict[str, list[str]] = {}
        self.expires_after: int | None = None
        self.asked: list[str] = []
        self.writes: list[str] = []

    def refuse(self, name: str) -> None:
        """Refuse a request if it was told to."""
        if self.expires_after is not None and len(self.asked) > self.expires_after:
            raise Refused(403, "InvalidSecurityToken.Expired", "The security token has expired.")
        if waiting := self.refusals.get(name):
            raise waiting.pop(0)
