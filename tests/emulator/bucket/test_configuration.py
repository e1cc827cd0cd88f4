import base64
import hashlib
import json
from pathlib import Path

import pytest

from oss_emulator.bucket.configuration import Configuration
from oss_emulator.bucket.state import open_bucket
from oss_emulator.storage.buckets import Buckets
from oss_emulator.xml_documents import MAX_DOCUMENT_BYTES
from tests.support.emulator.scene import BUCKET, ORIGIN, Scene
from tests.support.emulator.signed_requests import ask, cors, cors_rule, one_line, put

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
MALFORMED = (400, "MalformedXML", "")
CORS = XML + (
    "<CORSConfiguration><CORSRule><AllowedOrigin>https://a.example.com</AllowedOrigin>"
    "<AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>"
    "<AllowedMethod>HEAD</AllowedMethod><AllowedHeader>x-oss-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader>"
    "<MaxAgeSeconds>600</MaxAgeSeconds></CORSRule><CORSRule><AllowedOrigin>*</AllowedOrigin>"
    "<AllowedMethod>GET</AllowedMethod></CORSRule><ResponseVary>true</ResponseVary></CORSConfiguration>"
)
WEBSITE = XML + (
    "<WebsiteConfiguration><IndexDocument><Suffix>index.html</Suffix><SupportSubDir>true</SupportSubDir>"
    "<Type>2</Type></IndexDocument><ErrorDocument><Key>lost &amp; found.html</Key>"
    "<HttpStatus>200</HttpStatus></ErrorDocument></WebsiteConfiguration>"
)
VERSIONING = XML + "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"


@pytest.mark.parametrize(
    ("part", "document"), [("cors", CORS), ("website", WEBSITE), ("versioning", VERSIONING)]
)
def test_a_configuration_survives_a_restart(scene: Scene, part: str, document: str) -> None:
    put(scene, part, document)

    answer = ask(scene, "GET", f"/?{part}")
    reopened = open_bucket(scene.bucket.settings)
    scene.bucket = reopened  # type: ignore[assignment]
    scene.now = reopened.now()

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    assert one_line(answer) == document
    assert one_line(ask(scene, "GET", f"/?{part}")) == document


def test_namespaces_and_a_byte_order_mark_do_not_matter(scene: Scene) -> None:
    document = '\ufeff<VersioningConfiguration xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com"><Status>Enabled</Status>'

    put(scene, "versioning", f"{document}</VersioningConfiguration>")

    assert scene.bucket.versioning == "Enabled"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("cors", (404, "NoSuchCORSConfiguration", "0034-00000001")),
        ("website", (404, "NoSuchWebsiteConfiguration", "")),
    ],
)
def test_a_missing_or_deleted_configuration_is_404(
    scene: Scene, part: str, expected: tuple[int, str, str]
) -> None:
    scene.set(allowed_origins=())
    never = ask(scene, "GET", f"/?{part}")
    put(scene, part, {"cors": CORS, "website": WEBSITE}[part])
    deleted = ask(scene, "DELETE", f"/?{part}")

    assert never.refusal == expected
    assert (deleted.status, deleted.body) == (204, b"")
    assert ask(scene, "GET", f"/?{part}").refusal == expected


def test_the_rule_of_the_environment_counts_until_rules_are_put_or_deleted(scene: Scene) -> None:
    exposed = "ETag x-oss-request-id x-oss-hash-crc64ecma"
    rule = cors_rule(origins=ORIGIN, methods="POST PUT GET", headers="*", exposed=exposed)
    rule = rule.replace("</CORSRule>", "<MaxAgeSeconds>600</MaxAgeSeconds></CORSRule>")

    first = ask(scene, "GET", "/?cors")
    ask(scene, "DELETE", "/?cors")
    kept = Configuration(Buckets(scene.folder), BUCKET)

    assert one_line(first) == XML + cors(rule, vary="<ResponseVary>true</ResponseVary>")
    assert ask(scene, "GET", "/?cors").status == 404
    assert kept.cors(scene.bucket.cors).rules == ()


def test_a_bucket_that_never_had_versioning_says_so_without_a_status(scene: Scene) -> None:
    never = ask(scene, "GET", "/?versioning")

    assert one_line(never) == f"{XML}<VersioningConfiguration></VersioningConfiguration>"
    assert scene.bucket.versioning == ""


def test_versioning_can_be_suspended_and_enabled_again_but_not_deleted(scene: Scene) -> None:
    seen = []
    for state in ("Enabled", "Suspended", "Enabled"):
        put(
            scene,
            "versioning",
            f"<VersioningConfiguration><Status>{state}</Status></VersioningConfiguration>",
        )
        seen.append(scene.bucket.versioning)

    assert seen == ["Enabled", "Suspended", "Enabled"]
    assert ask(scene, "DELETE", "/?versioning").status == 400


def test_tells_the_acl_and_whether_public_access_is_blocked(scene: Scene) -> None:
    scene.set(acl="public-read", block_public_access=True)

    acl, blocked = (one_line(ask(scene, "GET", f"/?{part}")) for part in ("acl", "publicAccessBlock"))

    owner = "<Owner><ID>1000000000000000</ID><DisplayName>1000000000000000</DisplayName></Owner>"
    grant = "<AccessControlList><Grant>public-read</Grant></AccessControlList>"
    assert acl == f"{XML}<AccessControlPolicy>{owner}{grant}</AccessControlPolicy>"
    assert blocked == (
        f"{XML}<PublicAccessBlockConfiguration><BlockPublicAccess>true</BlockPublicAccess>"
        "</PublicAccessBlockConfiguration>"
    )


@pytest.mark.parametrize("age", ["-1", "1000000000"])
def test_an_age_out_of_its_range_is_an_invalid_argument(scene: Scene, age: str) -> None:
    """Of -1 Alibaba's SDKs expect it in their live tests."""
    document = cors(cors_rule().replace("</CORSRule>", f"<MaxAgeSeconds>{age}</MaxAgeSeconds></CORSRule>"))

    answer = ask(scene, "PUT", "/?cors", document)

    assert answer.refusal == (400, "InvalidArgument", "")
    assert (answer.error["ArgumentName"], answer.error["ArgumentValue"]) == ("MaxAgeSeconds", age)


def test_get_cors_has_allowed_headers_in_lower_case(scene: Scene) -> None:
    """As Alibaba's SDKs expect in their live tests; the matching never looked at the case."""
    put(scene, "cors", cors(cors_rule(headers="Authorization X-OSS-*", exposed="ETag")))

    document = one_line(ask(scene, "GET", "/?cors"))

    assert "<AllowedHeader>authorization</AllowedHeader><AllowedHeader>x-oss-*</AllowedHeader>" in document
    assert "<ExposeHeader>ETag</ExposeHeader>" in document


def test_only_signed_requests_may_read_or_set_a_configuration(scene: Scene) -> None:
    scene.set(acl="public-read-write")

    for part in ("cors", "website", "versioning", "acl", "publicAccessBlock", "lifecycle", "uploads"):
        for method in ("GET", "PUT", "DELETE", "POST", "HEAD"):
            answer = scene.request(method, f"/?{part}", body=CORS.encode())
            assert answer.refusal == (403, "AccessDenied", "0003-00000001"), (method, part)


def test_a_signature_of_another_query_is_refused(scene: Scene) -> None:
    good: dict[str, str] = {}
    request = scene.request

    def keep(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> object:
        good.update(headers)
        return request(method, target, headers, body)

    scene.request = keep  # type: ignore[method-assign, assignment]
    assert ask(scene, "GET", "/?versioning").status == 200

    assert request("GET", "/?acl", good).error["Code"] == "SignatureDoesNotMatch"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/?inventory"),
        ("PUT", "/?policy"),
        ("DELETE", "/?referer"),
        ("POST", "/?uploads"),
        ("POST", "/a?delete"),
        ("DELETE", "/?publicAccessBlock"),
    ],
)
def test_unsupported_subresources_are_refused(scene: Scene, method: str, target: str) -> None:
    assert ask(scene, method, target).refusal == (400, "NotImplemented", "")


NOT_EMULATED = [
    ("DELETE", "/a?acl"),
    ("HEAD", "/a?symlink"),
    ("POST", "/a?tagging"),
    ("POST", "/a?append"),
    ("GET", "/?inventory"),
]


@pytest.mark.parametrize(("method", "target"), NOT_EMULATED)
def test_a_signature_is_judged_before_a_feature_that_is_not_emulated(
    scene: Scene, method: str, target: str
) -> None:
    """As Alibaba's SDKs expect in their live tests."""
    signed = ask(scene, method, target)
    stranger = scene.request(method, target)
    wrong = scene.request(method, target, {"Authorization": "OSS AKEXAMPLE:x"})

    assert signed.refusal == (400, "NotImplemented", "")
    assert stranger.refusal == (403, "AccessDenied", "0003-00000001")
    assert wrong.refusal == (403, "AccessDenied", "0002-00000080")


@pytest.mark.parametrize("query", ["acl", "cors", "partNumber=1", "x-oss-process=image/info", "tagging="])
def test_a_subresource_of_an_object_is_never_its_content(scene: Scene, query: str) -> None:
    scene.upload({"key": "a", "x-oss-object-acl": "public-read-write"})

    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        answer = scene.request(method, f"/a?{query}")
        assert (answer.status in {400, 403}, b"hello" in answer.body) == (True, False), method
        assert scene.request("GET", "/a").status == 200


@pytest.mark.parametrize(
    "document",
    [
        "",
        "not XML",
        cors(cors_rule(origins="http://é.example")).encode("latin-1"),
        "<VersioningConfiguration/>",
        "<CORSConfiguration>",
        "<!DOCTYPE CORSConfiguration><CORSConfiguration/>",
        '<!DOCTYPE a [<!ENTITY b "c">]>' + CORS.removeprefix(XML),
        XML.replace("UTF-8", "UTF-16") + cors(cors_rule(origins="&b;")),
        cors(cors_rule(), "<Other/>"),
        cors(cors_rule().replace("</CORSRule>", "<ID>1</ID></CORSRule>")),
        cors(cors_rule(), vary="<ResponseVary>true</ResponseVary><ResponseVary>true</ResponseVary>"),
        cors(cors_rule(origins="")),
        cors("<CORSRule><AllowedOrigin/><AllowedMethod>GET</AllowedMethod></CORSRule>"),
        cors(cors_rule(origins="http://*.a.*")),
        cors(cors_rule(origins="http://a<b/>")),
        cors(cors_rule(headers="x-*-*")),
        cors(cors_rule().replace("</CORSRule>", "<MaxAgeSeconds>1e3</MaxAgeSeconds></CORSRule>")),
        cors(cors_rule().replace("</CORSRule>", "<MaxAgeSeconds>1</MaxAgeSeconds>" * 2 + "</CORSRule>")),
        cors(cors_rule()) + " " * MAX_DOCUMENT_BYTES,
    ],
)
def test_refuses_cors_that_is_not_the_form(scene: Scene, document: str | bytes) -> None:
    before = scene.bucket.cors

    assert ask(scene, "PUT", "/?cors", document).refusal == MALFORMED
    assert scene.bucket.cors == before


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (cors(), (400, "MalformedXML", "0034-00000002")),
        (cors(cors_rule(), vary="<ResponseVary>0</ResponseVary>"), (400, "MalformedXML", "0034-00000004")),
        (cors(cors_rule(methods="OPTIONS")), (400, "MalformedXML", "0034-00000011")),
        (cors(cors_rule(methods="get")), (400, "MalformedXML", "0034-00000011")),
        (cors(cors_rule(methods="")), (400, "MalformedXML", "0034-00000011")),
        (cors(cors_rule(exposed="x-oss-*")), (400, "MalformedXML", "0034-00000013")),
        (cors(cors_rule(exposed="a&amp;b")), (400, "MalformedXML", "0034-00000013")),
        (
            cors(cors_rule().replace("</CORSRule>", "<ExposeHeader>a\nb</ExposeHeader></CORSRule>")),
            (400, "MalformedXML", "0034-00000013"),
        ),
        (cors(*[cors_rule()] * 11), (400, "CORSRuleBeyondLimit", "")),
    ],
)
def test_refuses_cors_rules_with_oss_s_own_codes(
    scene: Scene, document: str, expected: tuple[int, str, str]
) -> None:
    assert ask(scene, "PUT", "/?cors", document).refusal == expected


def test_takes_as_many_rules_as_oss(scene: Scene) -> None:
    put(scene, "cors", cors(*[cors_rule()] * 10))

    assert len(scene.bucket.cors.rules) == 10


def website(inner: str) -> str:
    return f"<WebsiteConfiguration>{inner}</WebsiteConfiguration>"


@pytest.mark.parametrize(
    "document",
    [
        website(""),
        website("<IndexDocument/>"),
        website("<IndexDocument><Suffix/></IndexDocument>"),
        website("<IndexDocument><Suffix>a/index.html</Suffix></IndexDocument>"),
        website("<IndexDocument><Suffix>i</Suffix><Type>3</Type></IndexDocument>"),
        website("<IndexDocument><Suffix>i</Suffix><SupportSubDir>1</SupportSubDir></IndexDocument>"),
        website("<ErrorDocument><HttpStatus>200</HttpStatus></ErrorDocument>"),
        website("<ErrorDocument><Key>e</Key><HttpStatus>500</HttpStatus></ErrorDocument>"),
        website("<ErrorDocument><Key>e</Key></ErrorDocument>" * 2),
        website("<RedirectAllRequestsTo/>"),
    ],
)
def test_refuses_a_website_that_is_not_the_form(scene: Scene, document: str) -> None:
    assert ask(scene, "PUT", "/?website", document).refusal == MALFORMED
    assert scene.bucket.configuration.website is None


def test_says_that_it_does_not_redirect(scene: Scene) -> None:
    rules = "<RoutingRules><RoutingRule><RuleNumber>1</RuleNumber></RoutingRule></RoutingRules>"
    index = "<IndexDocument><Suffix>i</Suffix></IndexDocument>"

    assert ask(scene, "PUT", "/?website", website(index + rules)).refusal == (400, "NotImplemented", "")


@pytest.mark.parametrize(
    "inner",
    [
        "",
        "<Status/>",
        "<Status>enabled</Status>",
        "<Status>Enabled</Status><Status>Enabled</Status>",
        "<MfaDelete/>",
    ],
)
def test_refuses_versioning_that_is_not_the_form(scene: Scene, inner: str) -> None:
    document = f"<VersioningConfiguration>{inner}</VersioningConfiguration>"

    assert ask(scene, "PUT", "/?versioning", document).refusal == MALFORMED
    assert scene.bucket.versioning == ""


def test_compares_the_document_with_its_content_md5(scene: Scene) -> None:
    digest = base64.b64encode(hashlib.md5(VERSIONING.encode()).digest()).decode()

    wrong = ask(scene, "PUT", "/?versioning", VERSIONING + " ", content_md5=digest)
    right = ask(scene, "PUT", "/?versioning", VERSIONING, content_md5=digest)

    assert wrong.refusal == (400, "InvalidDigest", "0017-00000503")
    assert (right.status, scene.bucket.versioning) == (200, "Suspended")


def test_a_document_that_is_too_long_is_refused_whatever_its_content_md5(scene: Scene) -> None:
    long = VERSIONING + " " * 300 * 1024
    digest = base64.b64encode(hashlib.md5(long.encode()).digest()).decode()

    assert ask(scene, "PUT", "/?versioning", long, content_md5=digest).refusal == MALFORMED


def test_a_refused_document_tells_the_page_what_was_wrong(scene: Scene) -> None:
    ask(scene, "PUT", "/?cors", cors(cors_rule(exposed="x-oss-*")))

    assert scene.bucket.history.refusals()[0].explanation == {
        "expected": "ExposeHeader, a header's name",
        "got": "x-oss-*",
    }


def test_a_site_has_no_configuration_to_ask_for(scene: Scene, tmp_path: Path) -> None:
    scene.set(website=(tmp_path,))
    scene.bucket = open_bucket(scene.bucket.settings)  # type: ignore[assignment]

    assert ask(scene, "GET", "/?cors").status == 400
    assert json.loads(scene.request("GET", "/-/faults").body) == []
