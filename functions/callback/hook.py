"""What your application does with an upload. This file is yours to edit.

`on_upload` runs after an upload was proved. It may run again for the same upload, so it must be idempotent.
Keep one row for each `upload.id` of a file grant. The same id with another `etag` means that the object was
deleted and other bytes were stored by the same grant: delete only after `upload.expires_at`.
It must be quick: OSS waits five seconds for the whole callback. The page gets what it returns.
To refuse, raise `vendored.errors.Refusal(code, sentence)`; `Unavailable(code)` lets the page ask again.
"""

from completion.object_proof import Upload
from completion.webhook import Backend
from vendored import log


def on_upload(upload: Upload, backend: Backend) -> dict[str, object]:
    """Tell your backend, log the upload, and hand the backend's answer to the page."""
    answer = backend.tell(upload)
    log.write(
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
