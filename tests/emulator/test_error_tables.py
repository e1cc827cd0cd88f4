"""OSS's error tables: for each row a request that causes it, and the whole answer.

A row has status, Code, EC and Message as the official page of the EC, or else the page of the status, states
them. A row without Message has none on any page. More cases of one kind are in `test_policy.py`,
`test_callback.py` and `test_cors.py`; which error comes first is in `test_post_object.py`. Each row has a
bucket of its own.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

from oss_emulator.auth.credentials import Credential
from oss_emulator.callback.transport import Reply, TooSlow, Unreachable
from tests.support.emulator.process import EmulatorProcess
from tests.support.emulator.scene import (
    BOUNDARY,
    CALLBACK_URL,
    DATE,
    DAY,
    EXPIRED,
    KEY,
    NOW,
    ORIGIN,
    REGION,
    TEMPORARY,
    Scene,
    Seen,
    callback_parameter,
    encoded,
    file_part,
    json_reply,
    multipart,
    part,
    policy_text,
    signature,
    signed,
)
from tests.support.emulator.signed_requests import ask, cors, cors_rule


class Row(NamedTuple):
    status: int
    code: str
    ec: str
    message: str = ""


Send = Callable[[Scene], Seen]
Table = Mapping[str, tuple[Row, Send]]

DOCUMENT = ["Code", "Message", "RequestId", "HostId"]


def assert_answers(answer: Seen, row: Row, name: str = "") -> None:
    """The answer is the row's, with all elements and headers of an error in their places."""
    error = answer.error
    elements = [child.tag for child in ET.fromstring(answer.body)]
    ending = ["EC", "RecommendDoc"] if row.ec else []
    message = row.message or error["Message"]
    assert (answer.status, error["Code"], error.get("EC", ""), error["Message"]) == (*row[:3], message), name
    assert elements == [*DOCUMENT, *elements[4 : len(elements) - len(ending)], *ending]
    assert error.get("RecommendDoc") == (
        f"https://api.aliyun.com/troubleshoot?q={row.ec}" if row.ec else None
    )
    assert answer.headers["Content-Type"] == "application/xml"
    assert answer.headers["x-oss-request-id"] == error["RequestId"]
    assert answer.headers.get("x-oss-ec") == (row.ec or None)
    assert error["HostId"] == "127.0.0.1:9000"


def assert_answers_each(table: Table, folder: Path) -> None:
    """Each row's request has the row's answer; nothing is stored as `a`, and no callback is sent."""
    for number, (name, (row, send)) in enumerate(table.items()):
        scene = Scene(folder / str(number))
        assert_answers(send(scene), row, name)
        assert (scene.stored("a"), scene.called) == (None, []), name


def sent(body: bytes, **headers: str) -> Send:
    return lambda scene: scene.send(body, {name.replace("_", "-"): value for name, value in headers.items()})


def posted(**fields: str) -> Send:
    """A valid form of an object `a` with these fields too; underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return lambda scene: scene.upload({"key": "a", **named})


def changed(**fields: str | None) -> Send:
    """A valid form with some fields changed or removed after it was signed."""

    def send(scene: Scene) -> Seen:
        form = {**signed({"key": "a"}), **{name.replace("_", "-"): value for name, value in fields.items()}}
        return scene.post({name: value for name, value in form.items() if value is not None})

    return send


def unsigned(**fields: str) -> Send:
    return lambda scene: scene.post({"key": "a", **fields})


def ranged(low: int, high: int) -> Send:
    return lambda scene: scene.post(
        signed({"key": "a"}, conditions=[["content-length-range", low, high]]), b"hello"
    )


def on_taken_key(scene: Scene) -> Seen:
    assert scene.upload({"key": "taken"}).status == 204
    return scene.upload({"key": "taken", "x-oss-forbid-overwrite": "true"})


def where_public_access_is_blocked(scene: Scene) -> Seen:
    scene.set(block_public_access=True)
    return scene.upload({"key": "a", "x-oss-object-acl": "public-read"})


ARGUMENT = "InvalidArgument"
NO_FIELD = (
    "The bucket POST must contain the specified '{}'. "
    "If it is specified, please check the order of the fields"
)
NOT_A_FORM = "The body of your POST request is not well-formed multipart/form-data"
LONG_FIELD = "Your name of form field is too long."
ONE_FILE = "POST requires exactly one file upload per request."
BAD_DIGEST = "The Content-MD5 you specified was invalid."
NO_RIGHT = "You have no right to access this object because of bucket acl."

POST_OBJECT: Table = {
    "not a form": (Row(400, "MalformedPOSTRequest", "0006-00000104", NOT_A_FORM), sent(b"x")),
    "cut off in the file": (
        Row(400, "MalformedPOSTRequest", "0006-00000104", NOT_A_FORM),
        sent(multipart(signed({"key": "a"}), file_part(b"hello"))[:-40]),
    ),
    "a part without Content-Disposition": (
        Row(400, "MalformedPOSTRequest", "0006-00000109", NOT_A_FORM),
        sent(f"--{BOUNDARY}\r\nContent: form-data\r\n\r\n\r\n--{BOUNDARY}--\r\n".encode()),
    ),
    "another content type": (
        Row(
            400,
            "RequestIsNotMultiPartContent",
            "",
            "Bucket POST must be of the enclosure-type multipart/form-data.",
        ),
        sent(b"a=1", content_type="application/x-www-form-urlencoded"),
    ),
    "no key": (Row(400, ARGUMENT, "", NO_FIELD.format("key")), lambda scene: scene.post(signed({}))),
    "the key after the file": (
        Row(400, ARGUMENT, "", NO_FIELD.format("key")),
        sent(file_part(b"") + multipart(signed({"key": "a"}))),
    ),
    "a name of 10,000 bytes": (
        Row(400, "FieldItemTooLong", "0006-00000110", LONG_FIELD),
        sent(part("n" * 10_000, "") + file_part(b"")),
    ),
    "a value of 3 MB": (
        Row(400, "FieldItemTooLong", "0006-00000111", LONG_FIELD),
        sent(part("a", "v" * 3_000_000) + file_part(b"")),
    ),
    "10 MB of fields": (
        Row(400, "FieldItemTooLong", "0006-00000112", LONG_FIELD),
        sent(multipart({f"f{number}": "v" * 2 * 1024 * 1024 for number in range(5)}, file_part(b""))),
    ),
    "no file": (
        Row(400, "IncorrectNumberOfFilesInPOSTRequest", "0006-00000107", ONE_FILE),
        sent(multipart(signed({"key": "a"}))),
    ),
    "two files": (
        Row(400, "IncorrectNumberOfFilesInPOSTRequest", "", ONE_FILE),
        sent(multipart(signed({"key": "a"}), file_part(b"1"), file_part(b"2"))),
    ),
    "a body over 5 GB": (
        Row(400, ARGUMENT, "", "Post body size must be less than 5G."),
        sent(b"", content_length=str(5 * 1024**3 + 1)),
    ),
    "a file below the range": (
        Row(
            400,
            "EntityTooSmall",
            "0006-00000004",
            "Your proposed upload smaller than the minimum allowed size.",
        ),
        ranged(6, 9),
    ),
    "a file above the range": (
        Row(400, "EntityTooLarge", "0006-00000003", "Your proposed upload exceeds the maximum allowed size."),
        ranged(0, 4),
    ),
    "no name left": (
        Row(400, "InvalidObjectName", "0016-00000001", "The Object name can not be empty."),
        lambda scene: scene.post(signed({"key": "${filename}"}, pinned=False), filename=""),
    ),
    "a name of 1,024 bytes": (
        Row(400, "InvalidObjectName", "0016-00000003", "The Length of Object name must be less than 1024."),
        posted(key="k" * 1024),
    ),
    "a name that begins with a slash": (
        Row(400, "InvalidObjectName", "0016-00000005", "The specified object is not valid."),
        posted(key="/a"),
    ),
    "a name that begins with a backslash": (
        Row(400, "InvalidObjectName", "0016-00000005", "The specified object is not valid."),
        posted(key="\\a"),
    ),
    "a Content-MD5 of another length": (
        Row(400, "InvalidDigest", "0017-00000502", BAD_DIGEST),
        sent(multipart(signed({"key": "a"}), file_part(b"")), content_md5="eB5eJF1p"),
    ),
    "a Content-MD5 in hexadecimal digits": (
        Row(400, "InvalidDigest", "0017-00000503", BAD_DIGEST),
        sent(multipart(signed({"key": "a"}), file_part(b"")), content_md5="0" * 32),
    ),
    "a Content-MD5 of another body": (
        Row(400, "InvalidDigest", "0017-00000503", BAD_DIGEST),
        sent(
            multipart(signed({"key": "a"}), file_part(b"")),
            content_md5=base64.b64encode(hashlib.md5(b"").digest()).decode(),
        ),
    ),
    "an unknown encryption": (
        Row(
            400,
            "InvalidEncryptionAlgorithmError",
            "0005-00000003",
            "The Encryption request you specified is not valid. Supported value: AES256/KMS.",
        ),
        posted(x_oss_server_side_encryption="ROT13"),
    ),
    "an unknown ACL": (
        Row(400, ARGUMENT, "0017-00000104", "no such object access control exists"),
        posted(x_oss_object_acl="everyone"),
    ),
    "an unknown storage class": (Row(400, ARGUMENT, "0017-00000132"), posted(x_oss_storage_class="Cold")),
    "a forbid-overwrite that is neither": (
        Row(400, ARGUMENT, "0017-00000279"),
        posted(x_oss_forbid_overwrite="yes"),
    ),
    "a public ACL where public access is blocked": (
        Row(403, "AccessDenied", "0016-00000901", "Put public object acl is not allowed"),
        where_public_access_is_blocked,
    ),
    "a key that is taken": (
        Row(
            409,
            "FileAlreadyExists",
            "0026-00000002",
            "The object you specified already exists and can not be overwritten.",
        ),
        on_taken_key,
    ),
    "a key in the path": (
        Row(405, "MethodNotAllowed", "", "The specified method is not allowed against this resource."),
        lambda scene: scene.request("POST", "/a", body=b"x"),
    ),
}


def test_post_object_errors(tmp_path: Path) -> None:
    assert_answers_each(POST_OBJECT, tmp_path)


SCOPE = f"{DAY}/{REGION}/oss/aliyun_v4_request"
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
NO_SUCH_ID = "The OSS Access Key Id you provided does not exist in our records."
NO_TOKEN = f"{NO_SUCH_ID} The Security Token may be lost to specify that it is a STS Access Id."
NOT_ITS_TOKEN = "The OSS access key id and security token you provided does not match."


def by(key: Credential, token: str) -> Send:
    """A form signed with `key`, sent with `token`."""
    sender = Credential(key.access_key_id, key.access_key_secret, token)
    return lambda scene: scene.post(signed({"key": "a"}, key=sender))


SIGNATURES: Table = {
    "no signature at all": (Row(403, "AccessDenied", "0003-00000001", NO_RIGHT), unsigned()),
    "a V1 form": (
        Row(403, "AccessDenied", "0002-00000080"),
        unsigned(OSSAccessKeyId=KEY.access_key_id, policy="e30=", Signature="x"),
    ),
    "another version": (Row(400, ARGUMENT, "0002-00000701"), changed(x_oss_signature_version="OSS5")),
    "no policy": (Row(400, ARGUMENT, "0002-00000702", NO_FIELD.format("policy")), changed(policy=None)),
    "no signature": (
        Row(400, ARGUMENT, "0002-00000703", NO_FIELD.format("x-oss-signature")),
        changed(x_oss_signature=None),
    ),
    "no V1 signature": (
        Row(400, ARGUMENT, "0002-00000703", NO_FIELD.format("Signature")),
        unsigned(OSSAccessKeyId="AK", policy="x"),
    ),
    "an empty signature": (
        Row(400, ARGUMENT, "0002-00000704", "Post request signature is empty."),
        changed(x_oss_signature=""),
    ),
    "another signature": (
        Row(403, "SignatureDoesNotMatch", "0002-00000705", MISMATCH),
        changed(x_oss_signature="0" * 64),
    ),
    "no V1 access key id": (
        Row(400, ARGUMENT, "0002-00000706", NO_FIELD.format("OSSAccessKeyId")),
        unsigned(policy="x", Signature="x"),
    ),
    "an empty V1 access key id": (
        Row(400, ARGUMENT, "0002-00000707", "Post request accessKeyId is empty."),
        unsigned(OSSAccessKeyId="", policy="x", Signature="x"),
    ),
    "no credential": (Row(400, ARGUMENT, "0002-00000708"), changed(x_oss_credential=None)),
    "half a credential": (Row(400, ARGUMENT, "0002-00000708"), changed(x_oss_credential="AKEXAMPLE/")),
    "another region": (
        Row(400, ARGUMENT, "0002-00000708"),
        changed(x_oss_credential=f"AKEXAMPLE/{DAY}/cn-beijing/oss/aliyun_v4_request"),
    ),
    "another day": (
        Row(400, ARGUMENT, "0002-00000709"),
        changed(x_oss_credential=f"AKEXAMPLE/20260920/{REGION}/oss/aliyun_v4_request"),
    ),
    "no date": (Row(400, ARGUMENT, "0002-00000709"), changed(x_oss_date=None)),
    "a date that is none": (Row(400, ARGUMENT, "0002-00000709"), changed(x_oss_date="2026-09-21")),
    "a credential that ends otherwise": (
        Row(400, ARGUMENT, "0002-00000710"),
        changed(x_oss_credential=f"AKEXAMPLE/{DAY}/{REGION}/oss/aws4_request"),
    ),
    "an unknown access key id": (
        Row(403, "InvalidAccessKeyId", "0002-00000902", NO_SUCH_ID),
        changed(x_oss_credential=f"nobody/{SCOPE}"),
    ),
    "a temporary key without its token": (
        Row(403, "InvalidAccessKeyId", "0002-00000003", NO_TOKEN),
        by(TEMPORARY, ""),
    ),
    "another key's token": (
        Row(403, "AccessKeyIdAndSecurityTokenNotMatch", "0002-00000004", NOT_ITS_TOKEN),
        by(KEY, TEMPORARY.security_token),
    ),
    "an unknown token": (
        Row(403, "InvalidSecurityToken", "0002-00000006", "The security token you provided is invalid."),
        by(TEMPORARY, "CAISNONE"),
    ),
    "an expired token": (
        Row(403, "SecurityTokenExpired", "0002-00000007", "The security token you provided has expired."),
        by(EXPIRED, EXPIRED.security_token),
    ),
}


def test_signature_and_token_errors(tmp_path: Path) -> None:
    assert_answers_each(SIGNATURES, tmp_path)


def headed(**changes: str) -> Send:
    """A read of `a` with an Authorization header, which is wrong, and with these headers."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    sent = {"authorization": authorization(), "x-oss-date": DATE, "x-oss-content-sha256": "UNSIGNED-PAYLOAD"}
    return lambda scene: scene.request("GET", "/a", {**sent, **named})


def authorization(region: str = REGION, product: str = "oss") -> str:
    credential = f"{KEY.access_key_id}/{DAY}/{region}/{product}/aliyun_v4_request"
    return f"OSS4-HMAC-SHA256 Credential={credential},Signature={'0' * 64}"


NO_DATE = "OSS authentication requires a valid Date."
HEADERS: Table = {
    "no date": (Row(403, "AccessDenied", "0002-00000503", NO_DATE), headed(x_oss_date="")),
    "a date that cannot be read": (
        Row(403, "AccessDenied", "0002-00000502", NO_DATE),
        headed(x_oss_date="Mon, 21 Sep 2026 14:13:20 GMT"),
    ),
    "the day before": (
        Row(
            403,
            "RequestTimeTooSkewed",
            "0002-00000504",
            "The difference between the request time and the current time is too large.",
        ),
        headed(x_oss_date="20260920T141320Z"),
    ),
    "another region": (
        Row(400, ARGUMENT, "0002-00000226", "Invalid signing region in Authorization header."),
        headed(authorization=authorization(region="beijing")),
    ),
    "another product": (
        Row(400, ARGUMENT, "0002-00000227", "Invalid signing product in Authorization header."),
        headed(authorization=authorization(product="oss-cloudbox")),
    ),
}


def test_header_signature_errors(tmp_path: Path) -> None:
    assert_answers_each(HEADERS, tmp_path)


def test_a_wrong_region_or_product_repeats_the_header(scene: Scene) -> None:
    for sent in (authorization(region="beijing"), authorization(product="oss-cloudbox")):
        error = headed(authorization=sent)(scene).error

        assert list(error)[4:-2] == ["Authorization"]
        assert error["Authorization"] == sent


def test_an_expired_token_is_repeated_but_not_kept(scene: Scene) -> None:
    """Capture: jxxghp/MoviePilot 6295 (2026)."""
    error = by(EXPIRED, EXPIRED.security_token)(scene).error

    assert list(error)[4:-2] == ["SecurityToken"]
    assert error["SecurityToken"] == EXPIRED.security_token
    assert EXPIRED.security_token not in scene.request("GET", "/-/refusals").body.decode()


def test_a_mismatch_repeats_what_was_signed(scene: Scene) -> None:
    error = changed(x_oss_signature="0" * 64)(scene).error
    policy = signed({"key": "a"})["policy"]

    assert list(error)[4:-2] == [
        "OSSAccessKeyId",
        "SignatureProvided",
        "StringToSign",
        "StringToSignBytes",
    ]
    assert (error["OSSAccessKeyId"], error["SignatureProvided"]) == ("AKEXAMPLE", "0" * 64)
    assert (error["StringToSign"], bytes.fromhex(error["StringToSignBytes"])) == (policy, policy.encode())


def test_an_argument_is_named_and_repeated(scene: Scene) -> None:
    error = posted(x_oss_object_acl="<everyone>")(scene).error

    assert list(error)[4:-2] == ["ArgumentName", "ArgumentValue"]
    assert (error["ArgumentName"], error["ArgumentValue"]) == ("x-oss-object-acl", "<everyone>")


def under(policy: str) -> Send:
    """A form signed over this policy."""
    return lambda scene: scene.post({**signed({"key": "a"}), "policy": policy, **signature(policy)})


def text(document: str | bytes) -> str:
    return base64.b64encode(document if isinstance(document, bytes) else document.encode()).decode()


def conditions(*items: object, expires: float = NOW + 300) -> Send:
    """A form whose policy has the three necessary conditions, and these."""
    pins = [{name: value} for name, value in signed({}).items() if name.startswith("x-oss-")]
    return under(policy_text([*pins[:3], *items], expires))


def expiring(value: object) -> Send:
    return under(encoded({"expiration": value, "conditions": [{"key": "a"}]}))


SOON = "2026-09-21T14:18:20.000Z"
INVALID = "Invalid Policy: "
DENIED = "Invalid according to Policy: "
ONE_PROPERTY = "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified."

# EC (last three digits) and Message, where a page prints one, of 400 InvalidPolicyDocument.
GRAMMAR: Mapping[str, tuple[str, str, Send]] = {
    "not base64": ("202", "", under("{}")),
    "not UTF-8": ("203", "", under(text(b'{"\xff":1}'))),
    "no JSON": ("204", "Invalid JSON: unknown char e", under(text("expiration"))),
    "JSON without a comma": (
        "204",
        "Invalid JSON: , or ] expected",
        under(text('{"conditions": ["a" "b"]}')),
    ),
    "empty": ("205", "", under("")),
    "an unknown member": (
        "206",
        "",
        under(encoded({"expiration": SOON, "conditions": [{"key": "a"}], "id": 1})),
    ),
    "no conditions": ("207", "", under(encoded({"expiration": SOON}))),
    "no expiration": ("208", "", under(encoded({"conditions": [{"key": "a"}]}))),
    "neither": ("209", "", under(encoded({}))),
    "an expiration that is no string": ("210", "", expiring(1)),
    "an empty expiration": ("211", "", expiring("")),
    "an expiration that is no time": ("212", "", expiring("tomorrow")),
    "conditions that are no list": ("214", "", under(encoded({"expiration": SOON, "conditions": {}}))),
    "an empty list of conditions": ("215", "", under(encoded({"expiration": SOON, "conditions": []}))),
    "a condition without operator": ("216", "", conditions([])),
    "an unknown operator": ("217", "", conditions(["ends-with", "$key", "a"])),
    "too many operands": ("218", "", conditions(["eq", "$key", "a", "b"])),
    "a range that ends before it begins": ("219", "", conditions(["content-length-range", 2, 1])),
    "a range of strings": ("221", "", conditions(["content-length-range", "1", "2"])),
    "a condition that is neither map nor list": ("222", "", conditions(1)),
    "a range of lists": ("223", "", conditions(["content-length-range", [1], [2]])),
    "in without a list": ("224", "", conditions(["in", "$key", "a"])),
    "a simple condition of two": ("", ONE_PROPERTY, conditions({"a": "1", "b": "2"})),
}


def test_policy_grammar_errors(tmp_path: Path) -> None:
    for number, (name, (ec, message, send)) in enumerate(GRAMMAR.items()):
        scene = Scene(tmp_path / str(number))
        text = f"{INVALID}{message}" if message else ""
        row = Row(400, "InvalidPolicyDocument", f"0006-00000{ec}" if ec else "", text)
        assert_answers(send(scene), row, name)
        assert scene.stored("a") is None


def without_pin(name: str) -> Send:
    pins = {pin: value for pin, value in signed({}).items() if pin.startswith("x-oss-")}
    kept = [{pin: value} for pin, value in pins.items() if pin not in {name, "x-oss-signature"}]
    return under(policy_text(kept))


BROKEN: Table = {
    "expired": (
        Row(403, "AccessDenied", "0006-00000213", f"{DENIED}Policy expired."),
        conditions(expires=NOW),
    ),
    "a condition on a field that is not there": (
        Row(
            403,
            "AccessDenied",
            "0006-00000226",
            f'{DENIED}Policy Condition failed: ["eq", "$success_action_status", "200"]',
        ),
        conditions(["eq", "$success_action_status", "200"]),
    ),
    "another value": (
        Row(403, "AccessDenied", "0006-00000227", f'{DENIED}Policy Condition failed: ["eq", "$key", "b"]'),
        conditions({"key": "b"}),
    ),
    "another bucket": (
        Row(403, "AccessDenied", "0006-00000227", f'{DENIED}Policy Condition failed: ["eq", "$bucket", "b"]'),
        conditions({"bucket": "b"}),
    ),
    "another beginning": (
        Row(
            403,
            "AccessDenied",
            "0006-00000227",
            f'{DENIED}Policy Condition failed: ["starts-with", "$key", "up/"]',
        ),
        conditions(["starts-with", "$key", "up/"]),
    ),
    **{
        f"{name} un-pinned": (
            Row(403, "AccessDenied", "0006-00000228", f"{DENIED}Extra input fields: {name}"),
            without_pin(name),
        )
        for name in ("x-oss-signature-version", "x-oss-credential", "x-oss-date")
    },
}


def test_forms_that_break_their_policy(tmp_path: Path) -> None:
    assert_answers_each(BROKEN, tmp_path)


def asked(**headers: str) -> Send:
    return lambda scene: scene.request(
        "OPTIONS", "/", {name.replace("_", "-"): value for name, value in headers.items()}
    )


def asked_without_rules(scene: Scene) -> Seen:
    scene.set(allowed_origins=())
    return asked(Origin=ORIGIN, Access_Control_Request_Method="POST")(scene)


def told(method: str, part_: str, document: str = "") -> Send:
    return lambda scene: ask(scene, method, f"/?{part_}", document)


NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, "
    "request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted "
    "by the resource's CORS spec."
)
INSUFFICIENT = "Insufficient information. "

CORS: Table = {
    "no rule at all": (Row(403, "AccessForbidden", "0003-00000601", NOT_ALLOWED), asked_without_rules),
    "another origin": (
        Row(403, "AccessForbidden", "0003-00000602", NOT_ALLOWED),
        asked(Origin="http://b.example", Access_Control_Request_Method="POST"),
    ),
    "another method": (
        Row(403, "AccessForbidden", "0003-00000602", NOT_ALLOWED),
        asked(Origin=ORIGIN, Access_Control_Request_Method="DELETE"),
    ),
    "no origin": (
        Row(400, "BadRequest", "0034-00000101", f"{INSUFFICIENT}Origin request header needed."),
        asked(Access_Control_Request_Method="POST"),
    ),
    "no method": (
        Row(
            400,
            "BadRequest",
            "0034-00000102",
            f"{INSUFFICIENT}Request Access-Control-Request-Method header needed.",
        ),
        asked(Origin=ORIGIN),
    ),
    "rules that are no XML": (Row(400, "MalformedXML", ""), told("PUT", "cors", "rules")),
    "a method that is none of five": (
        Row(400, "MalformedXML", "0034-00000011"),
        told("PUT", "cors", cors(cors_rule(methods="OPTIONS"))),
    ),
    "every header exposed": (
        Row(400, "MalformedXML", "0034-00000013"),
        told("PUT", "cors", cors(cors_rule(exposed="*"))),
    ),
    "eleven rules": (
        Row(400, "CORSRuleBeyondLimit", "", "The CORS Rules num is beyond limit."),
        told("PUT", "cors", cors(*[cors_rule()] * 11)),
    ),
}


def test_cors_errors(tmp_path: Path) -> None:
    assert_answers_each(CORS, tmp_path)


def no_cors(scene: Scene) -> Seen:
    ask(scene, "DELETE", "/?cors")
    return ask(scene, "GET", "/?cors")


MISSING: Table = {
    "no CORS rules": (Row(404, "NoSuchCORSConfiguration", "0034-00000001"), no_cors),
    "no website": (Row(404, "NoSuchWebsiteConfiguration", ""), told("GET", "website")),
    "no key": (
        Row(404, "NoSuchKey", "0026-00000001", "The specified key does not exist."),
        lambda scene: public(scene).request("GET", "/no"),
    ),
    "no right": (
        Row(403, "AccessDenied", "0003-00000001", NO_RIGHT),
        lambda scene: scene.request("GET", "/no"),
    ),
}


def public(scene: Scene) -> Scene:
    scene.set(acl="public-read")
    return scene


def test_missing_configurations_and_keys(tmp_path: Path) -> None:
    assert_answers_each(MISSING, tmp_path)


def test_head_has_the_error_in_headers(scene: Scene) -> None:
    answer = public(scene).request("HEAD", "/no")
    document = base64.b64decode(answer.headers["x-oss-err"])

    assert_answers(
        Seen(answer.status, answer.headers, document),
        Row(404, "NoSuchKey", "0026-00000001", "The specified key does not exist."),
    )


# EC (last three digits), Message and parameter of 400 InvalidArgument.
CALLBACK_PARAMETERS: Mapping[str, tuple[str, str, str]] = {
    "over 5 KB": ("001", "The length of callback exceed max value.", "x" * 5121),
    "not base64": ("002", "The callback configuration is not base64 encoded.", "%"),
    "not JSON": ("003", "The callback configuration is not json format.", text('{"callbackBody":"a":"b"}')),
    "no address": (
        "004",
        "The callback url configuration is invalid.",
        callback_parameter(callbackUrl=None),
    ),
    "another scheme": (
        "004",
        "The callback url configuration is invalid.",
        callback_parameter(callbackUrl="ftp://a.example/"),
    ),
    "an address that is not ASCII": (
        "004",
        "The callback url configuration is invalid.",
        callback_parameter(callbackUrl="http://a.example/\u00e9"),
    ),
    "an IPv6 address": (
        "004",
        "The callback url configuration is invalid.",
        callback_parameter(callbackUrl="http://[2001:db8::1]/"),
    ),
    "six addresses": (
        "005",
        "The number of callback url exceed max value.",
        callback_parameter(callbackUrl=";".join([CALLBACK_URL] * 6)),
    ),
    "a private address": (
        "008",
        "Private address is forbidden to callback.",
        callback_parameter(callbackUrl="http://10.0.0.1/"),
    ),
    "a host that is none": (
        "009",
        "The callback host configuration is invalid.",
        callback_parameter(callbackHost="a\r\nb"),
    ),
    "no body": ("010", "The callback body is empty.", callback_parameter(callbackBody=None)),
    "an empty body": ("010", "The callback body is empty.", callback_parameter(callbackBody="")),
    "a body that is no string": (
        "011",
        "The callback body is invalid.",
        callback_parameter(callbackBody={"a": 1}),
    ),
    "a body type that is no string": (
        "012",
        "The callback body type configuration is invalid.",
        callback_parameter(callbackBodyType=1),
    ),
    "another body type": (
        "013",
        "The body type of callback is not supported.",
        callback_parameter(callbackBodyType="text/plain"),
    ),
    "an SNI that is no boolean": ("014", "", callback_parameter(callbackSNI="true")),
    "half a variable": (
        "105",
        "Left brace must be adjacent to dollar sign.",
        callback_parameter(callbackBody="$object"),
    ),
}


def test_callback_parameter_errors(tmp_path: Path) -> None:
    for number, (name, (ec, message, parameter)) in enumerate(CALLBACK_PARAMETERS.items()):
        scene = Scene(tmp_path / str(number))

        answer = scene.upload({"key": "a", "callback": parameter})

        assert_answers(answer, Row(400, ARGUMENT, f"0007-00000{ec}", message), name)
        assert (scene.stored("a"), scene.called) == (None, []), name


def test_a_callback_in_field_and_header_is_refused(scene: Scene) -> None:
    form = signed({"key": "a", "callback": callback_parameter()})

    answer = scene.post(form, headers={"x-oss-callback": callback_parameter()})

    message = (
        "Either the callback query string parameter or the x-oss-callback header should be specified, "
        "not both."
    )
    assert_answers(answer, Row(400, ARGUMENT, "0007-00000027", message))
    assert (scene.stored("a"), scene.called) == (None, [])


BAD_LENGTH = "Error Status : 400.User server return invalid conent-length value."
NOT_JSON = "Response body is not valid json format."

# EC (last three digits), Message and the reply of the application server.
CALLBACK_OUTCOMES: Mapping[str, tuple[str, str, Reply | Exception]] = {
    "400": ("203", "Error status : 400.", json_reply(status=400)),
    "502": ("203", "Error status : 502.", json_reply(status=502)),
    "a redirect": ("203", "Error status : 301.", json_reply(status=301, location=CALLBACK_URL)),
    "a body that is not JSON": ("205", NOT_JSON, json_reply(b"OK")),
    "a byte order mark": ("205", NOT_JSON, json_reply(b'\xef\xbb\xbf{"Status":"OK"}')),
    "no Content-Length": (
        "203",
        "Error Status : 400.User server missing content-length.",
        Reply(200, {}, b"{}"),
    ),
    "an empty body": ("203", BAD_LENGTH, Reply(200, {"content-length": "0"}, b"")),
    "a negative Content-Length": ("203", BAD_LENGTH, Reply(200, {"content-length": "-1"}, b"")),
    "over 1 MB": (
        "203",
        "Error Status : 400.User server return too long content-length value.",
        Reply(200, {"content-length": "1048577"}, b""),
    ),
    "nobody there": (
        "203",
        "Error status : -1.OSS can not connect to your callbackUrl, please check it.",
        Unreachable(),
    ),
    "no answer in time": (
        "203",
        "Error status : -1 203.0.114.7:9002 reply timeout, cost:5000ms, timeout:5000ms (err -4, errno115)",
        TooSlow(),
    ),
}


def test_callbacks_that_fail_after_the_object_was_stored(tmp_path: Path) -> None:
    for number, (name, (ec, message, reply)) in enumerate(CALLBACK_OUTCOMES.items()):
        scene = Scene(tmp_path / str(number))
        scene.replies = [reply]

        answer = scene.upload({"key": "a", "callback": callback_parameter()})

        assert_answers(answer, Row(203, "CallbackFailed", f"0007-00000{ec}", message), name)
        assert len(scene.called) == 1, name
        assert scene.stored("a").size == 5, name
        assert {header: answer.headers[header] for header in STORED_HEADERS} == STORED_HEADERS, name


STORED_HEADERS = {
    "ETag": '"5D41402ABC4B2A76B9719D911017C592"',
    "x-oss-hash-crc64ecma": "11177612005948864433",
    "Content-MD5": "XUFAKrxLKna5cZ2REBfFkg==",
}


def test_an_error_names_its_server(emulator: EmulatorProcess) -> None:
    (answer,) = emulator.answers(b"POST / HTTP/1.1\r\nHost: 127.0.0.1:9000\r\nContent-Length: 0\r\n\r\n")

    assert answer.headers["Server"] == "AliyunOSS"
    assert_answers(answer, POST_OBJECT["a key in the path"][0])
