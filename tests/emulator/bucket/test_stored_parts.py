"""Parts of a bucket's configuration that are kept and given back, and do nothing."""

from collections.abc import Iterator

import alibabacloud_oss_v2 as v2
import oss2
import pytest

from oss_emulator.bucket.stored_parts import MAX_PART_BYTES, STORED_PARTS
from oss_emulator.running import Emulator
from tests.support.emulator.clients import BUCKET, ali_oss, bucket, client
from tests.support.emulator.scene import Scene
from tests.support.emulator.signed_requests import ask, one_line, put

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
DOCUMENTS = {
    "lifecycle": "<LifecycleConfiguration><Rule><ID>r</ID><Prefix/><Status>Enabled</Status><Expiration>"
    "<Days>1</Days></Expiration></Rule></LifecycleConfiguration>",
    "encryption": "<ServerSideEncryptionRule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256"
    "</SSEAlgorithm></ApplyServerSideEncryptionByDefault></ServerSideEncryptionRule>",
    "logging": "<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket></LoggingEnabled>"
    "</BucketLoggingStatus>",
    "referer": "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
    "<Referer>https://a.example.com</Referer></RefererList></RefererConfiguration>",
    "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>",
}
WITHOUT = {
    "logging": "<BucketLoggingStatus></BucketLoggingStatus>",
    "referer": "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList></RefererList>"
    "</RefererConfiguration>",
    "tagging": "<Tagging><TagSet></TagSet></Tagging>",
}
each = pytest.mark.parametrize("part", list(STORED_PARTS))


def test_every_part_is_tested() -> None:
    assert DOCUMENTS.keys() == STORED_PARTS.keys()


@each
def test_a_document_is_given_back_as_it_was_sent(scene: Scene, part: str) -> None:
    document = f"\n{DOCUMENTS[part]} <!-- 中文 -->"
    put(scene, part, document)

    answer = ask(scene, "GET", f"/?{part}")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    assert answer.body == document.encode()


@pytest.mark.parametrize("part", list(WITHOUT))
def test_a_part_that_was_never_put_or_was_deleted_is_empty(scene: Scene, part: str) -> None:
    never = ask(scene, "GET", f"/?{part}")
    if part != "referer":
        put(scene, part, DOCUMENTS[part])
        assert ask(scene, "DELETE", f"/?{part}").status == 204

    assert one_line(never) == one_line(ask(scene, "GET", f"/?{part}")) == XML + WITHOUT[part]


@pytest.mark.parametrize(
    ("part", "refusal"),
    [
        ("lifecycle", (404, "NoSuchLifecycle", "")),
        ("encryption", (404, "NoSuchServerSideEncryptionRule", "0005-00000004")),
    ],
)
def test_rules_that_were_never_put_or_were_deleted_are_404(
    scene: Scene, part: str, refusal: tuple[int, str, str]
) -> None:
    never = ask(scene, "GET", f"/?{part}")
    put(scene, part, DOCUMENTS[part])
    deleted = ask(scene, "DELETE", f"/?{part}")

    assert (never.refusal, never.error["BucketName"]) == (refusal, BUCKET)
    assert (deleted.status, deleted.body) == (204, b"")
    assert ask(scene, "GET", f"/?{part}").refusal == refusal


@each
def test_refuses_a_document_of_another_form_and_keeps_the_last(scene: Scene, part: str) -> None:
    put(scene, part, DOCUMENTS[part])

    for wrong in ("", "<Other/>", "<Tagging>", "<!DOCTYPE a>" + DOCUMENTS[part]):
        assert ask(scene, "PUT", f"/?{part}", wrong).refusal == (400, "MalformedXML", ""), wrong
    too_long = DOCUMENTS[part] + " " * MAX_PART_BYTES
    assert ask(scene, "PUT", f"/?{part}", too_long).refusal == (400, "MalformedXML", "")
    assert ask(scene, "GET", f"/?{part}").body == DOCUMENTS[part].encode()


def test_nothing_of_it_is_executed(scene: Scene) -> None:
    for part, document in DOCUMENTS.items():
        put(scene, part, document)
    scene.upload({"key": "a", "x-oss-object-acl": "public-read"})
    scene.now += 10 * 24 * 3600

    answer = scene.request("GET", "/a", {"referer": "https://b.example.com"})

    assert (answer.status, answer.body) == (200, b"hello")
    assert "x-oss-server-side-encryption" not in answer.headers


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder, variables = tmp_path_factory.mktemp("stored"), {"LOCAL_OSS_V1_SIGNATURES": "accept"}
    with Emulator(folder, variables=variables) as server:
        yield server


def test_oss2_configures_a_bucket(running: Emulator) -> None:
    configured, rule = bucket(running), oss2.models.TaggingRule()
    rule.add("a", "1")
    expiration = oss2.models.LifecycleExpiration(days=3)
    expiring = oss2.models.LifecycleRule("r", "p", expiration=expiration)
    with pytest.raises(oss2.exceptions.NoSuchServerSideEncryptionRule):
        configured.get_bucket_encryption()
    with pytest.raises(oss2.exceptions.NoSuchLifecycle):
        configured.get_bucket_lifecycle()

    configured.put_bucket_lifecycle(oss2.models.BucketLifecycle([expiring]))
    configured.put_bucket_encryption(oss2.models.ServerSideEncryptionRule(sse_algorithm="AES256"))
    configured.put_bucket_logging(oss2.models.BucketLogging("logs", "p"))
    configured.put_bucket_referer(oss2.models.BucketReferer(False, ["https://a.example.com"]))  # noqa: FBT003
    configured.put_bucket_tagging(oss2.models.Tagging(rule))

    assert [one.id for one in configured.get_bucket_lifecycle().rules] == ["r"]
    assert configured.get_bucket_encryption().sse_algorithm == "AES256"
    assert configured.get_bucket_logging().target_bucket == "logs"
    assert configured.get_bucket_referer().referers == ["https://a.example.com"]
    assert configured.get_bucket_tagging().tag_set.tagging_rule == {"a": "1"}
    for delete in ("lifecycle", "encryption", "logging", "tagging"):
        getattr(configured, f"delete_bucket_{delete}")()
    assert configured.get_bucket_tagging().tag_set.tagging_rule == {}
    assert configured.get_bucket_logging().target_bucket == ""


def test_oss_v2_configures_a_bucket(running: Emulator) -> None:
    configured = client(running)
    default = v2.ApplyServerSideEncryptionByDefault(sse_algorithm="KMS")
    expiration = v2.LifecycleRuleExpiration(days=3)
    rule = v2.LifecycleRule(id="r", prefix="p", status="Enabled", expiration=expiration)
    tags = v2.TagSet(tags=[v2.Tag(key="a", value="1")])

    configured.put_bucket_lifecycle(
        v2.PutBucketLifecycleRequest(BUCKET, lifecycle_configuration=v2.LifecycleConfiguration(rules=[rule]))
    )
    configured.put_bucket_encryption(
        v2.PutBucketEncryptionRequest(
            BUCKET,
            server_side_encryption_rule=v2.ServerSideEncryptionRule(
                apply_server_side_encryption_by_default=default
            ),
        )
    )
    configured.put_bucket_tags(v2.PutBucketTagsRequest(BUCKET, tagging=v2.Tagging(tag_set=tags)))

    read = configured.get_bucket_lifecycle(v2.GetBucketLifecycleRequest(BUCKET)).lifecycle_configuration
    assert [one.id for one in read.rules] == ["r"]
    encryption = configured.get_bucket_encryption(v2.GetBucketEncryptionRequest(BUCKET))
    applied = encryption.server_side_encryption_rule.apply_server_side_encryption_by_default
    assert applied.sse_algorithm == "KMS"
    found = configured.get_bucket_tags(v2.GetBucketTagsRequest(BUCKET)).tagging.tag_set.tags
    assert [(tag.key, tag.value) for tag in found] == [("a", "1")]
    referer = configured.get_bucket_referer(v2.GetBucketRefererRequest(BUCKET)).referer_configuration
    assert referer.allow_empty_referer is not None
    logging = configured.get_bucket_logging(v2.GetBucketLoggingRequest(BUCKET)).bucket_logging_status
    assert not (logging and logging.logging_enabled)
    configured.delete_bucket_lifecycle(v2.DeleteBucketLifecycleRequest(BUCKET))
    with pytest.raises(v2.exceptions.OperationError, match="NoSuchLifecycle"):
        configured.get_bucket_lifecycle(v2.GetBucketLifecycleRequest(BUCKET))


def test_ali_oss_configures_a_bucket(running: Emulator) -> None:
    running.bucket("media")

    seen = ali_oss(
        running,
        """
        const name = 'media';
        const expiration = { days: 3 };
        await oss.putBucketLifecycle(name, [{ id: 'r', prefix: 'p', status: 'Enabled', expiration }]);
        await oss.putBucketEncryption(name, { SSEAlgorithm: 'AES256' });
        await oss.putBucketLogging(name, 'p/');
        await oss.putBucketReferer(name, false, ['https://a.example.com']);
        await oss.putBucketTags(name, { a: '1' });
        const seen = [
          (await oss.getBucketLifecycle(name)).rules.map(({ id }) => id),
          (await oss.getBucketEncryption(name)).encryption.SSEAlgorithm,
          (await oss.getBucketLogging(name)).prefix,
          (await oss.getBucketReferer(name)).referers,
          (await oss.getBucketTags(name)).tag,
        ];
        await oss.deleteBucketTags(name);
        await oss.deleteBucketReferer(name);
        seen.push((await oss.getBucketTags(name)).tag, (await oss.getBucketReferer(name)).allowEmpty);
        return seen;
        """,
        "media",
    )

    assert seen == [["r"], "AES256", "p/", ["https://a.example.com"], {"a": "1"}, {}, True]
