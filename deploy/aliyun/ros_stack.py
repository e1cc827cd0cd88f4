"""The ROS stack: created, updated, watched and deleted by the official SDK. Rolling back is left to ROS."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from alibabacloud_ros20190910 import models
from alibabacloud_ros20190910.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from deploy.arguments import Unusable

POLL_SECONDS = 3
MOST_EVENTS = 50  # ROS: of a page
TIMEOUT_MINUTES = 30
LONGEST_SECONDS = 60 * (TIMEOUT_MINUTES + 30)  # and a rollback behind it
UNCHANGED = "Update the completely same stack"  # how ROS answers an update that changes nothing
# what a first attempt leaves behind: it can only be deleted, and nobody uses anything in it
DEAD_ENDS = {
    "DELETE_FAILED": "run make destroy again, and then make deploy",
    "REVIEW_IN_PROGRESS": "it is a change set that waits in the ROS console: execute or delete it there",
}
STILLBORN = ("CREATE_FAILED", "CREATE_ROLLBACK_COMPLETE", "CREATE_ROLLBACK_FAILED")

Show = Callable[[str], None]


class StackFailed(Exception):
    """ROS could not do it; the message is ROS's own reason for the first resource that failed."""


class Stack(NamedTuple):
    """A stack as ROS tells it. Of a NoEcho parameter the value is stars."""

    id: str
    name: str
    status: str
    reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def moving(self) -> bool:
        """Whether ROS is at work on it."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


class Stacks:
    """The stacks of one account in one region."""

    def __init__(self, client: Client, region: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._region = region
        self._pause = pause

    def find(self, name: str) -> Stack | None:
        """Return the stack of that name, or None."""
        living = [one for one in self._named(name) if one.status != "DELETE_COMPLETE"]
        return self.get(living[0].stack_id) if living else None

    def last_values(self, name: str) -> Mapping[str, str]:
        """Return the parameters of the last stack of that name, also of one that is gone."""
        newest = max(self._named(name), key=lambda one: one.create_time or "", default=None)
        return self.get(newest.stack_id).parameters if newest else {}

    def settled(self, name: str, show: Show) -> Stack | None:
        """Return the stack of that name once nobody works on it any more, or None."""
        stack = self.find(name)
        if stack and stack.moving:
            show("An earlier command is still at work; waiting for it.")
            with contextlib.suppress(StackFailed):
                self.watch(stack.id, show, set())
            return self.find(name)
        return stack

    def standing(self, name: str) -> Stack:
        """Return a stack that works. Raises `Unusable` if there is none."""
        stack = self.find(name)
        if stack is None:
            raise Unusable(f"There is no stack {name} in {self._region}.")
        if not stack.outputs or stack.status.startswith(("CREATE_IN", "DELETE", *STILLBORN)):
            raise Unusable(f"Stack {name} is {stack.status}: it works after a make deploy that ends well.")
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
        """Begin to create a stack; return its id."""
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
        """Begin to update; what is not given stays as it was. Return False where nothing changes."""
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
        """Return the template as it was given for this stack."""
        asked = models.GetTemplateRequest(
            region_id=self._region, stack_id=stack.id, template_stage="Original"
        )
        return str(self._client.get_template(asked).body.template_body)

    def delete(self, stack: Stack, show: Show) -> None:
        """Delete, but for what the template retains. Raises `StackFailed` if ROS gave up."""
        seen = self.events_so_far(stack)
        self._client.delete_stack(models.DeleteStackRequest(region_id=self._region, stack_id=stack.id))
        self.watch(stack.id, show, seen)

    def events_so_far(self, stack: Stack) -> set[str]:
        """Return the events that `watch` need not show: those of what was done before."""
        return {event.event_id for event in self.new_events(stack.id, set())}

    def watch(self, stack_id: str, show: Show, seen: set[str]) -> Stack:
        """Show events as they come until ROS is done. Raises `StackFailed` if it gave up."""
        failed = ""
        left = LONGEST_SECONDS // POLL_SECONDS
        while (stack := self.get(stack_id)).moving and left:
            failed = failed or self.show_events(stack, show, seen)
            self._pause(POLL_SECONDS)
            left -= 1
        failed = failed or self.show_events(stack, show, seen)
        if stack.moving or stack.status.endswith("FAILED") or "ROLLBACK" in stack.status:
            raise StackFailed(failed or stack.reason or stack.status)
        return stack

    def show_events(self, stack: Stack, show: Show, seen: set[str]) -> str:
        """Show what has happened since; return the reason of the first resource that failed, or nothing."""
        failed = ""
        for event in self.new_events(stack.id, seen):
            show(f"{event.status:<20} {event.logical_resource_id}")
            if event.status.endswith("_FAILED") and event.logical_resource_id != stack.name:
                failed = failed or f"{event.logical_resource_id}: {event.status_reason}"
        return failed

    def new_events(self, stack_id: str, seen: set[str]) -> Iterator[models.ListStackEventsResponseBodyEvents]:
        """Yield what has happened since, oldest first."""
        asked = models.ListStackEventsRequest(
            region_id=self._region, stack_id=stack_id, page_size=MOST_EVENTS, page_number=1
        )
        for event in reversed(self._client.list_stack_events(asked).body.events or []):
            if event.event_id not in seen:
                seen.add(event.event_id)
                yield event

    def _named(self, name: str) -> list[models.ListStacksResponseBodyStacks]:
        asked = models.ListStacksRequest(region_id=self._region, stack_name=[name], page_size=MOST_EVENTS)
        listed = self._client.list_stacks(asked).body.stacks or []
        return [one for one in listed if one.stack_name == name]
