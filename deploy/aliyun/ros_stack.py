"""The ROS stack: create, update, watch and delete. ROS itself rolls back an update that fails."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from alibabacloud_ros20190910 import models
from alibabacloud_ros20190910.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.errors import CommandError, StackFailed
from deploy.terminal import Show

POLL_SECONDS = 3
PAGE_SIZE = 50  # ROS: the most
TIMEOUT_MINUTES = 30
LONGEST_SECONDS = 60 * (TIMEOUT_MINUTES + 30)  # half an hour more, for a rollback
UNCHANGED = "Update the completely same stack"  # ROS's message for an update that changes nothing
# statuses that no deploy can continue from, and what to do about each
DEAD_ENDS = {
    "DELETE_FAILED": "run make destroy again, and then make deploy",
    "REVIEW_IN_PROGRESS": "a change set waits in the ROS console: execute or delete it there",
}
# statuses of a stack whose creation failed: nobody uses what is left of it, and it can only be deleted
FAILED_CREATIONS = ("CREATE_FAILED", "CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_FAILED")


class Stack(NamedTuple):
    """A stack as ROS describes it. The value of a NoEcho parameter is asterisks."""

    id: str
    name: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def in_progress(self) -> bool:
        """Whether ROS is working on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


class Stacks:
    """The stacks of one account in one region."""

    def __init__(self, client: Client, region: str, pause: Callable[[float], None] | None = None) -> None:
        self._client = client
        self._region = region
        self.pause = pause or time.sleep

    def find(self, name: str) -> Stack | None:
        """Return the stack of this name, or None. A deleted stack does not count."""
        existing = [one for one in self._named(name) if one.status != "DELETE_COMPLETE"]
        found = self.get(existing[0].stack_id) if existing else None
        return found if found and found.status != "DELETE_COMPLETE" else None  # it may end between the two

    def last_parameters(self, name: str) -> Mapping[str, str]:
        """Return the parameters of the newest stack of this name, even of a deleted one."""
        newest = max(self._named(name), key=lambda one: one.create_time or "", default=None)
        return self.get(newest.stack_id).parameters if newest else {}

    def find_idle(self, name: str, show: Show) -> Stack | None:
        """Return the stack of this name, or None; if ROS is working on it, wait until it has ended."""
        stack = self.find(name)
        if stack and stack.in_progress:
            show("An earlier command is still running; waiting for it.")
            with contextlib.suppress(StackFailed):
                self.watch(stack.id, show, set())
            return self.find(name)
        return stack

    def find_working(self, name: str) -> Stack:
        """Return the stack of this name. Raises `CommandError` if there is none, or none that works."""
        stack = self.find(name)
        if stack is None:
            raise CommandError(f"There is no stack {name} in {self._region}.")
        if not stack.outputs or stack.status.startswith(("CREATE_IN", "DELETE", *FAILED_CREATIONS)):
            raise CommandError(f"Stack {name} is {stack.status}: run make deploy until it succeeds.")
        return stack

    def get(self, stack_id: str) -> Stack:
        """Return a stack by its id."""
        body = self._client.get_stack(models.GetStackRequest(region_id=self._region, stack_id=stack_id)).body
        return Stack(
            id=body.stack_id,
            name=body.stack_name,
            status=body.status,
            reason=body.status_reason or "",
            outputs={one["OutputKey"]: str(one.get("OutputValue", "")) for one in body.outputs or []},
            parameters={one.parameter_key: one.parameter_value or "" for one in body.parameters or []},
        )

    def create(self, name: str, template: str, parameters: Mapping[str, str]) -> str:
        """Begin to create a stack, and return its id."""
        asked = models.CreateStackRequest(
            region_id=self._region,
            stack_name=name,
            client_token=str(uuid.uuid4()),
            template_body=template,
            timeout_in_minutes=TIMEOUT_MINUTES,
            parameters=[
                models.CreateStackRequestParameters(parameter_key=key, parameter_value=value)
                for key, value in parameters.items()
            ],
        )
        return str(self._client.create_stack(asked).body.stack_id)

    def update(self, stack: Stack, template: str, parameters: Mapping[str, str]) -> bool:
        """Begin to update; other parameters keep their values. Return False if nothing would change."""
        asked = models.UpdateStackRequest(
            region_id=self._region,
            stack_id=stack.id,
            client_token=str(uuid.uuid4()),
            template_body=template,
            use_previous_parameters=True,
            timeout_in_minutes=TIMEOUT_MINUTES,
            parameters=[
                models.UpdateStackRequestParameters(parameter_key=key, parameter_value=value)
                for key, value in parameters.items()
            ],
        )
        try:
            self._client.update_stack(asked)
        except AlibabaCloudException as refused:
            if refused.code == "NotSupported" and UNCHANGED in str(refused.message):
                return False
            raise
        return True

    def template_of(self, stack: Stack) -> str:
        """Return the template that the stack was made from."""
        asked = models.GetTemplateRequest(
            region_id=self._region, stack_id=stack.id, template_stage="Original"
        )
        return str(self._client.get_template(asked).body.template_body)

    def delete(self, stack: Stack, show: Show, retained: Sequence[str] = ()) -> None:
        """Delete all but the resources of these names, and those that the template retains.

        Raises `StackFailed` if ROS could not.
        """
        seen = self.events_so_far(stack)
        asked = models.DeleteStackRequest(
            region_id=self._region, stack_id=stack.id, retain_resources=list(retained)
        )
        self._client.delete_stack(asked)
        self.watch(stack.id, show, seen)

    def events_so_far(self, stack: Stack) -> set[str]:
        """Return the ids of past events, which `watch` then does not show."""
        return {event.event_id for event in self.new_events(stack.id, set())}

    def watch(self, stack_id: str, show: Show, seen: set[str]) -> Stack:
        """Show events until ROS has ended, and return the stack. Raises `StackFailed` if ROS failed."""
        failures: list[str] = []
        polls_left = LONGEST_SECONDS // POLL_SECONDS
        while (stack := self.get(stack_id)).in_progress and polls_left:
            failures += self.show_events(stack, show, seen)
            self.pause(POLL_SECONDS)
            polls_left -= 1
        failures += self.show_events(stack, show, seen)
        if stack.in_progress or stack.status.endswith("FAILED") or "ROLLBACK" in stack.status:
            raise StackFailed(next(iter(failures), stack.reason or stack.status))
        return stack

    def show_events(self, stack: Stack, show: Show, seen: set[str]) -> list[str]:
        """Show new events, and return the reason of each resource that failed.

        The stack has events of its own, and that it failed is no reason.
        """
        failures = []
        for event in self.new_events(stack.id, seen):
            show(f"{event.status:<20} {event.logical_resource_id}")
            if event.status.endswith("_FAILED") and event.logical_resource_id != stack.name:
                failures.append(f"{event.logical_resource_id}: {event.status_reason}")
        return failures

    def new_events(self, stack_id: str, seen: set[str]) -> Iterator[models.ListStackEventsResponseBodyEvents]:
        """Yield the events that are not in `seen`, oldest first, and add them to it."""
        asked = models.ListStackEventsRequest(region_id=self._region, stack_id=stack_id, page_size=PAGE_SIZE)
        for event in reversed(self._client.list_stack_events(asked).body.events or []):
            if event.event_id not in seen:
                seen.add(event.event_id)
                yield event

    def _named(self, name: str) -> list[models.ListStacksResponseBodyStacks]:
        asked = models.ListStacksRequest(region_id=self._region, stack_name=[name], page_size=PAGE_SIZE)
        listed = self._client.list_stacks(asked).body.stacks or []
        return [one for one in listed if one.stack_name == name]
