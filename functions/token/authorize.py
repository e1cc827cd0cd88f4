"""Who is asking, and how much they may upload. This file is yours to edit.

As shipped: everyone whom the settings let in, within the settings' limits or narrower ones in the token,
and with the data of a permit.
"""

from grants.callers import Caller, Limits, SignIn, data_of, narrow
from grants.upload_request import UploadRequest
from vendored.fc_http import Request


def authorize(
    request: Request,
    sign_in: SignIn,
    limits: Limits,
    upload_request: UploadRequest | None,  # noqa: ARG001 - for your rule
) -> Caller:
    """Return who asks, with limits that may be narrower than those given.

    `upload_request` is the file that is asked for, with the page's own `page_data`; None for `/limits`, for a
    directory grant, and for a file that could not be read. `Caller(subject, limits, data)` may say what the
    upload is for: `data` is your word, `page_data` only the page's.
    `sign_in` returns the claims of the request's verified token or permit, none where anyone may upload, and
    raises `Unauthenticated` otherwise. To refuse with 403, raise
    `vendored.errors.Refusal("your_code", "A sentence.")`.
    """
    claims = sign_in(request)
    upload = claims.get("upload")
    return Caller(str(claims.get("sub", "")), narrow(limits, upload), data_of(upload))
