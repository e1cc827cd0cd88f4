"""The cause and fix for each symptom: the first row that matches counts. Read it as a table; add what you learned.

A symptom is `server status code EC message` as `answers.symptom` writes it, where the server is token,
callback, bucket or site; or `check` and a word of the check's own. Sources: OSS's error pages, their ECs, and
this project's documents. PublicEndpointForbidden: help page 31836, "Map a custom domain name".
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Row(NamedTuple):
    """A pattern for symptoms, their cause, and what to do."""

    pattern: str
    cause: str
    fix: str


TABLE = (
    # ---- the network
    Row(" 0 name_unknown", "The host name does not exist, or DNS does not know it yet.", "Check the address and its DNS record."),
    Row(" 0 refused", "Nothing listens at this address.", "Start it (make run), or check the address and its port."),
    Row(r"\btls .*expired", "The certificate has expired.", "Renew the certificate of the custom domain."),
    Row(r"\btls ", "The certificate is not valid for this host: a custom domain has no certificate of its own, or that of another host.", "Bind a certificate for exactly this host to the custom domain."),
    Row("check expires_soon", "The certificate ends soon.", "Renew the certificate of the custom domain, or let it renew itself."),
    Row("check no_https", "The address is plain http.", "Use https: browsers refuse http from an https page, and anyone on the way can read it."),
    Row(" 0 timeout", "No answer in time: a cold start that takes too long, too little memory, or a host that drops packets.", "See the function's log for its start time; give it more memory or vCPU."),
    Row(" 0 address_invalid", "This is not an address.", "Pass scheme, host and port, such as https://token.example.com/."),
    Row(" 0 broken", "The connection broke before an answer came.", "Run it again; if it happens again, look for a proxy or firewall on the way."),
    Row("redirect", "The address answers with a redirect, which neither the page nor OSS follows.", "Configure the final address."),
    # ---- the stack's buckets
    Row("check not_own", "Uploads, the page or the ticket secret may go to somebody else, or may have gone: a bucket is not this account's or may not be asked about, or somebody changed a package.", "Do not use this deployment before you know why. If the bucket is not yours, run make destroy, which leaves what is another account's, and make deploy with another STACK: its functions get a new secret."),
    Row("check not_deleted", "The AccessKey may not delete in the upload bucket, or OSS did not answer.", "Delete the files that are named below; or allow it oss:DeleteObject below the prefix."),
    # ---- the two functions
    Row("token 401 token_missing", "Users must sign in here, and no token was given.", "Set the environment variable BEARER_TOKEN to a user's token, or to a permit of your server without jti."),
    Row("token 401 token_expired", "The bearer token has expired.", "Set BEARER_TOKEN to a new one."),
    Row("token 401", "The bearer token is not valid here: another issuer, audience or key.", "Set BEARER_TOKEN to a token of the configured provider; compare AUTH_ISSUER and AUTH_AUDIENCE, or PERMIT_SECRET for a permit."),
    Row("(token|callback) 403 foreign_origin", "The function does not allow the site's origin.", "Add the origin to ALLOWED_ORIGINS of this function, exactly as it is here; or pass another one as ORIGIN."),
    Row("500 misconfigured", "A variable of this function is missing or bad, or a library does not load.", "Its log names each of them, in the event `not_started`."),
    Row("(token|callback) 500 internal", "The function failed in its own code, or in your hook.", "Its log has the traceback, with the request id."),
    Row("crashed", "The function crashed or ran out of time or memory: Function Compute answers that with 200.", "See the function's log; give it more memory; check its runtime and its packages."),
    Row(r" 429\b|ResourceThrottled", "All instances of the function are busy.", "Raise its reserved concurrency."),
    Row("token 404", "This is not the token function.", "Pass its HTTP trigger's address as TOKEN_URL."),
    Row("token 403 AccessDenied", "The token function's trigger does not take POST.", "Deploy again: its methods are GET, POST and OPTIONS."),
    Row("token 503 unavailable", "The token function could not ask OSS: its role lacks oss:PutObject, oss:ListParts or oss:AbortMultipartUpload on the prefix, or the region's internal endpoint does not answer; or it could not get your provider's keys.", "Grant its role all three on BUCKET/PREFIX*; check OSS_REGION. Its log has initiate_403, list_403, complete_403, abort_403, bucket_unanswered or keys_unanswered."),
    Row("token 203", "The file is stored, and its callback failed.", "See the callback's answer to the form, above."),
    Row("token unreadable", "The answer is not one of the token function's.", "Check TOKEN_URL, and look for a proxy that changes answers."),
    Row("token 409", "The upload in parts is not in the state that this check has made.", "Run it again; if it happens again, report this."),
    Row("token 413|token 415", "The doctor's file is outside the limits.", "Allow at least one type, and a few bytes."),
    Row("check grant_unreadable", "The answer is not a grant, or an address in it is not https.", "Check TOKEN_URL, UPLOAD_HOST and CALLBACK_URL."),
    Row("callback 403 not_verified", "The callback function does not accept the token function's ticket: TICKET_SECRET, UPLOAD_PREFIX or the clocks of the two functions differ.", "Give both functions the same TICKET_SECRET and UPLOAD_PREFIX."),
    Row("409 bucket_versioned|check versioned", "The bucket keeps versions, or once did: uploads can be overwritten, and completion refuses them.", "Use a new bucket on which versioning was never enabled."),
    Row("callback 409 not_stored", "The callback function does not find the object: it looks into another bucket.", "Compare UPLOAD_BUCKET, OSS_REGION and OBJECT_URL of both functions with UPLOAD_HOST."),
    Row("callback 409", "The object is not what was granted.", "See the callback function's log."),
    Row("callback 502 backend", "Your backend (WEBHOOK_URL) did not take the upload.", "See your backend's log; it must answer 2xx and a JSON object within two seconds."),
    Row("callback 503", "The callback function could not ask OSS about the object: its role lacks oss:GetObject on the prefix, or the region's internal endpoint does not answer.", "Grant its role oss:GetObject on BUCKET/PREFIX*; check OSS_REGION. Its log has head_403 or head_unanswered."),
    Row("check head_403", "The HEAD of a missing key is not answered 404: the role may not list, so OSS does not say that a key is missing.", "Nothing fails, but pages wait where they could send the file again at once. Grant the callback's role oss:ListObjects on the bucket to avoid that."),
    Row("callback 404", "CALLBACK_URL is not the callback function.", "Set CALLBACK_URL of the token function to the callback's HTTP trigger."),
    # ---- callbacks, as OSS tells them
    Row(r"203 .*Error status : -1.*timeout|203 .*Cost too long", "The callback took more than OSS's 5 s: a cold start, too little memory, or a slow hook.", "Give the callback function 0.35 vCPU and 512 MB or more; see its log."),
    Row(r"203 .*Error status : -1", "OSS cannot reach the callback's address: it is not public, or Disable Internet URL is on.", "Turn Disable Internet URL off on the callback's trigger, or set CALLBACK_URL to a public address."),
    Row(r"203 .*Error status : 403", "The callback function does not believe the callback: TICKET_SECRET, UPLOAD_BUCKET or UPLOAD_PREFIX differ, or OSS's signature does not verify.", "Compare the variables of both functions; the callback's log has the real code."),
    Row(r"203 .*Error status : 404", "CALLBACK_URL is not the callback function.", "Set CALLBACK_URL of the token function to the callback's HTTP trigger."),
    Row(r"203 .*Error status : 409", "The callback function refused the object: its bucket keeps versions, or is not the one that the function looks into.", "See the answer to confirm, below."),
    Row(r"203 .*Error status : 500", "The callback function is misconfigured or failed.", "See its log: the event `not_started`, or a traceback."),
    Row(r"203 .*Error status : 502", "OSS's https request had no SNI (callbackSNI), or your backend did not take the upload.", "Send callbackSNI=true in the callback parameter; see the answer to confirm, below."),
    Row(r"203 .*Error status : 503", "The callback function could not ask OSS about the object.", "Grant its role oss:GetObject on BUCKET/PREFIX*; check OSS_REGION."),
    Row(r"203 .*Error status : 3", "The callback's address redirects, which OSS does not follow.", "Set CALLBACK_URL to the final address."),
    Row(r"203 .*not valid json", "The callback's answer is not JSON: something else answers there, or a proxy changes it.", "Let CALLBACK_URL be the callback function itself."),
    Row(r"203 .*content-length|203 .*conent-length", "The callback's answer has no usable Content-Length.", "Let CALLBACK_URL be the callback function itself, without a proxy that sends in chunks."),
    Row(r"203 .*Too many", "OSS is busy with callbacks.", "Run it again later."),
    Row("check not_ours", "The answer is not the callback function's: a crash, or another server.", "Check CALLBACK_URL, and the callback function's log."),
    # ---- the bucket
    Row("PublicEndpointForbidden|0048-00000401", "This account may not use the bucket's default domain for data (mainland China, users since 2025-03-20).", "Bind a custom domain to the bucket and set UPLOAD_HOST to it."),
    Row("NoSuchBucket", "The bucket does not exist at UPLOAD_HOST.", "Compare UPLOAD_HOST and UPLOAD_BUCKET."),
    Row("check no_cors|0003-0000060[12]|bucket 403 AccessForbidden", "No CORS rule of the upload bucket allows this origin to POST.", "Add the origin to the bucket's CORS rule: methods POST and PUT, headers *, exposed headers ETag, x-oss-request-id and x-oss-hash-crc64ecma."),
    Row("check no_put", "No CORS rule of the upload bucket allows this origin to PUT: pages cannot send a file in parts, and files above 5 GB not at all.", "Add the method PUT to the bucket's CORS rule; or let make deploy set it (UPLOAD_BUCKET_RULES=merge), or switch parts off (MULTIPART_BYTES=0)."),
    Row("check no_checksum", "The bucket's CORS rule does not expose x-oss-hash-crc64ecma: pages cannot compare what is stored with what they sent.", "Add it to the rule's exposed headers; or let make deploy set it (UPLOAD_BUCKET_RULES=merge)."),
    Row("check no_abort_rule", "No lifecycle rule of the upload bucket deletes the parts of broken uploads below the prefix: they stay, and cost storage.", "Add a rule that deletes parts after 2 days; or let make deploy set it (UPLOAD_BUCKET_RULES=merge), or switch parts off (MULTIPART_BYTES=0)."),
    Row("check not_exposed", "The bucket's CORS rule does not expose ETag and x-oss-request-id.", "Add both to its exposed headers."),
    Row("check foreign_bucket", "The bucket's CORS rule lets pages of every origin read answers.", "List exactly your site's origins in the rule."),
    Row("check foreign_function", "The function answers pages of foreign origins.", "List exactly your site's origins in ALLOWED_ORIGINS; look for a proxy that adds CORS headers."),
    Row("0002-00000080", "The bucket takes no V1 signature, and this form has one.", "Remove SIGNATURE_VERSION=V1."),
    Row("SecurityTokenExpired|0002-00000007", "The role's temporary key has expired.", "Restart the function, by a deploy for instance: that renews its role's credentials."),
    Row("InvalidAccessKeyId|AccessKeyIdAndSecurityTokenNotMatch|InvalidSecurityToken|0002-0000000[3468]", "OSS does not know the AccessKey, or it came without its security token.", "Check the token function's role; remove static keys from its environment."),
    Row("SignatureDoesNotMatch|0002-00000705", "The form's signature is wrong: another AccessKey secret, or another bucket's region.", "Check the AccessKey's secret and OSS_REGION of the token function."),
    Row("0002-00000708", "The signature is for another region.", "Set OSS_REGION to the bucket's own region, such as cn-hangzhou."),
    Row("0002-00000709", "OSS does not accept the signature's date: the function's clock is wrong.", "See the clocks, above."),
    Row("bucket 403 AccessDenied 0016-00000901", "Block Public Access refuses a public ACL.", "There is nothing to do."),
    Row("bucket 403 AccessDenied 0006", "OSS finds the form outside its own policy: UPLOAD_BUCKET is not the bucket at UPLOAD_HOST, or OSS compares a condition in a way that is not documented.", "Compare UPLOAD_HOST and UPLOAD_BUCKET; if they agree, report this."),
    Row("bucket 403 AccessDenied", "The token function's role lacks oss:PutObject on the prefix, or a bucket policy denies it.", "Grant its role oss:PutObject on BUCKET/PREFIX* (and oss:PutObjectAcl, if OSS wants it for the ACL field)."),
    Row("bucket 503|bucket 5", "OSS is busy or failing.", "Run it again later."),
    # ---- what should have been refused
    Row("check accepted_part", "OSS stored a part that its address does not allow, or one of an upload that was aborted.", "Do not use this deployment; compare functions/token/grants/part_addresses.py with the released one."),
    Row("check completed_early", "The token function completed an upload whose parts are not all there.", "Do not use this deployment; compare functions/token/grants/multipart_routes.py with the released one."),
    Row("check wrong_ticket", "The token function took the ticket of a form for an upload in parts.", "Do not use this deployment; compare functions/token/grants/multipart_grant.py with the released one."),
    Row("check accepted_again", "One grant stored two objects: forbid-overwrite has no effect, for instance because the bucket keeps versions.", "Use a new bucket on which versioning was never enabled."),
    Row("check accepted", "OSS accepted a form that the policy has to forbid: no condition of the grant covers the change.", "Do not use this deployment; compare functions/token/grants/file_grant.py with the released one."),
    Row("check doubled", "Of two form fields with one name, OSS checks one and uses the other: a browser can choose what the policy forbids.", "Do not use this deployment; keep Block Public Access on, and report this."),
    Row("check public_object", "Anyone can read uploads: a public ACL has an effect.", "Turn Block Public Access on for the upload bucket, and set its ACL to private."),
    Row("check public_bucket", "Anyone may read this bucket: its ACL is public, and Block Public Access is off.", "Set the upload bucket's ACL to private and turn Block Public Access on."),
    Row("check listed", "Anyone can list this bucket.", "Turn Block Public Access on for the upload bucket; remove the bucket policy that allows oss:ListObjects to everybody."),
    Row("check forged", "The callback function accepted a message that OSS did not sign.", "Do not use this deployment; compare functions/callback with the released one."),
    # ---- time
    Row("check slow", "This is close to OSS's limit of 5 s for a callback, or above it: a cold start, too little memory, or a slow hook.", "Give the callback function 0.35 vCPU and 512 MB or more; see milliseconds in its log."),
    Row("check local_clock", "The clock of this machine differs from the server's.", "Set this machine's clock; uploads do not depend on it."),
    Row("check function_clock", "The token function's clock differs from OSS's, which tolerates 15 minutes.", "Report it to Function Compute; on a machine of your own, set its clock."),
)  # fmt: skip
UNKNOWN = Row("", "Not one of the known causes.", "Look for this request in the log of the function, or at OSS's troubleshooting page for its EC.")  # fmt: skip


def diagnose(symptom: str) -> Row:
    """Return the first row whose pattern is found in the symptom, or `UNKNOWN`."""
    return next((row for row in TABLE if re.search(row.pattern, symptom)), UNKNOWN)
