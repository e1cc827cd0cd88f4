"""OSS's `callback` parameter: the address that OSS calls after an upload, and the body that it sends there.

Source: Alibaba Cloud OSS, "Callback".
"""

from grants.post_policy import base64_json

OSS_VARIABLES = "bucket=${bucket}&object=${object}&size=${size}&etag=${etag}"  # OSS replaces these


def callback_parameter(callback_url: str, ticket: str) -> str:
    """Return the parameter as base64 JSON. Only the ticket is inserted into the body.

    The body's type is OSS's default, a form: naming it would cost a hundred characters of the policy.
    Function Compute's hosts share a certificate, so OSS must send SNI; a query would not reach the function.
    """
    return base64_json(
        {
            "callbackUrl": f"{callback_url}/callback",
            "callbackBody": f"ticket={ticket}&{OSS_VARIABLES}",
            "callbackSNI": True,
        }
    )
