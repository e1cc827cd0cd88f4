"""The secret that both functions share: token signs tickets with it, callback verifies them."""

from __future__ import annotations

import secrets

from grants.lifetime import CONFIRM_SECONDS, PARTS_SECONDS
from vendored.ticket import CLOCK_LEEWAY_SECONDS

SECRET_BYTES = 48
LONGEST_TICKET_SECONDS = PARTS_SECONDS + CONFIRM_SECONDS + CLOCK_LEEWAY_SECONDS  # of an upload in parts


def new_ticket_secret() -> str:
    """Return a new secret in the form that the template's TicketSecret takes."""
    return secrets.token_urlsafe(SECRET_BYTES)
