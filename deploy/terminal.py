"""What a command shows, and what it asks before it changes anything."""

from __future__ import annotations

from collections.abc import Callable

from deploy.arguments import Arguments
from deploy.errors import CommandError

Show = Callable[[str], None]
Ask = Callable[[str], str]
NOTHING_DONE = "Nothing was done."


def ask_permission(arguments: Arguments, account: str, question: str, show: Show, ask: Ask) -> None:
    """Show account, region and stack, and ask unless YES=1. Raises `CommandError` for any answer but yes."""
    show(f"account {account}, region {arguments.region}, stack {arguments.stack}")
    if not arguments.yes and ask(f"{question} Type yes: ").strip() != "yes":
        raise CommandError(NOTHING_DONE)
