"""Who is asking, and how much they may upload. This file is yours to edit.

As shipped: everyone whom the settings let in, within the settings' limits or narrower ones in the token.
"""

from grants.callers import Caller, Limits, SignIn, narrow
from vendored.fc_http import Request


def authorize(request: Request, sign_in: SignIn, limits: Limits) -> Caller:
    """Return who asks, with limits that may be narrower than those given.

    `sign_in` returns the claims of the request's verified token, none where anyone may upload, and raises
    `Unauthenticated` otherwise. To refuse, raise `vendored.errors.Refusal("your_code", "A sentence.")`: 403.
    """
    claims = sign_in(request)
    return Caller(str(claims.get("sub", "")), narrow(limits, claims.get("upload")))
