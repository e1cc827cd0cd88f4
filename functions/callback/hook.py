"""What your application does with an upload. This file is yours to edit.

`on_upload` runs once an upload is proved. It may run again for the same upload, so it must be idempotent, and
quick: OSS waits five seconds for the whole callback. What it returns is handed to the page.
Raise `refusals.Unavailable(code)` to have the page ask again, `refusals.Refusal(code, sentence)` to say no.
"""

import journal
from completing import Upload
from webhook import Backend


def on_upload(upload: Upload, backend: Backend) -> dict[str, object]:
    """Log the upload and tell your backend, whose answer goes to the page; no backend adds nothing."""
    answer = backend.tell(upload)
    journal.write(
        backend.now,
        "info",
        "uploaded",
        upload_id=upload.id,
        key=upload.key,
        size=upload.size,
        type=upload.type,
        **upload.marks,
    )
    return answer
