"""Which of the last requests a reader of the page has chosen."""

from collections.abc import Sequence

from oss_emulator.console.view import View
from oss_emulator.history.requests import RESET, RequestRecord


def find_requests(records: Sequence[RequestRecord], view: View) -> list[RequestRecord]:
    """Return the requests with this method, this class of status, and this text in anything that is shown."""
    wanted = view.find.casefold()
    return [
        record
        for record in records
        if view.method in {"", record.method}
        and view.status in {"", status_class(record)}
        and (not wanted or wanted in _shown_text(record))
    ]


def status_class(record: RequestRecord) -> str:
    """Return `2xx` to `5xx`, or `reset`."""
    return "reset" if record.status == RESET else f"{record.status // 100}xx"


def _shown_text(record: RequestRecord) -> str:
    parts = (
        f"{record.bucket}/{record.key}",
        record.query,
        record.code,
        record.ec,
        record.request_id,
        record.access_key_id,
        record.signature,
    )
    return "\n".join(parts).casefold()
