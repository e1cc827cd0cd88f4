import json
import os
import threading
from pathlib import Path

import pytest

from oss_emulator.auth.credentials import Credential
from oss_emulator.callback.key import public_pem
from oss_emulator.fault_table import FaultError
from oss_emulator.faults import Faults
from oss_emulator.http_messages import ConnectionLost
from oss_emulator.settings import Settings, SettingsError, from_env
from oss_emulator.switches import SWITCHES, SwitchError, read_switches
from tests.support.emulator.scene import RSA_KEY, Scene

ENVIRONMENT = {
    "LOCAL_OSS_BUCKET": "b",
    "LOCAL_OSS_REGION": "cn-hangzhou",
    "LOCAL_OSS_CREDENTIALS": json.dumps(
        [
            {"access_key_id": "ak", "access_key_secret": "sk"},
            {"access_key_id": "STS.a", "access_key_secret": "s", "security_token": "t", "expires": 1.5},
        ]
    ),
    "LOCAL_OSS_FOLDER": "/state",
    "LOCAL_OSS_CALLBACK_KEY": "/state/key.pem",
}


def test_reads_its_settings() -> None:
    assert from_env({**ENVIRONMENT, "LOCAL_OSS_ALLOWED_ORIGINS": " http://a , http://b,"}) == Settings(
        bucket="b",
        region="cn-hangzhou",
        credentials=(Credential("ak", "sk"), Credential("STS.a", "s", "t", 1.5)),
        folder=Path("/state"),
        allowed_origins=("http://a", "http://b"),
        callback_key=Path("/state/key.pem"),
        callback_seconds=5.0,
        private_callbacks=False,
        website=(),
        switches=read_switches(""),
    )


def test_reads_what_is_optional() -> None:
    settings = from_env(
        {
            "LOCAL_OSS_BUCKET": "site",
            "LOCAL_OSS_REGION": "cn-hangzhou",
            "LOCAL_OSS_WEBSITE": os.pathsep.join(("a", "b")),
            "LOCAL_OSS_CALLBACK_SECONDS": "0.25",
            "LOCAL_OSS_PRIVATE_CALLBACKS": "allow",
            "LOCAL_OSS_SWITCHES": "head_missing_key=403",
            "LOCAL_OSS_ACL": "public-read",
            "LOCAL_OSS_BLOCK_PUBLIC_ACCESS": "on",
            "LOCAL_OSS_DOMAIN": "custom",
            "LOCAL_OSS_V1_SIGNATURES": "accept",
            "LOCAL_OSS_IMAGES": "original",
            "LOCAL_OSS_NEIGHBOURS": "media=http://127.0.0.1:9000,pages=http://127.0.0.1:9010",
        }
    )

    assert (settings.website, settings.callback_seconds) == ((Path("a"), Path("b")), 0.25)
    assert (settings.private_callbacks, settings.switches["head_missing_key"]) == (True, "403")
    assert (settings.acl, settings.block_public_access, settings.own_domain) == ("public-read", True, False)
    assert settings.v1_signatures
    assert settings.original_images
    assert settings.neighbours == {"media": "http://127.0.0.1:9000", "pages": "http://127.0.0.1:9010"}


def test_names_everything_that_is_missing_at_once() -> None:
    with pytest.raises(SettingsError) as refused:
        from_env({})

    for name in ENVIRONMENT:
        assert f"{name} is " in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOCAL_OSS_CREDENTIALS", "not json"),
        ("LOCAL_OSS_CREDENTIALS", '["s3cret"]'),
        ("LOCAL_OSS_CREDENTIALS", '[{"access_key_id": "s3cret"}]'),
        ("LOCAL_OSS_CREDENTIALS", '[{"access_key_id": "a", "access_key_secret": 1}]'),
        ("LOCAL_OSS_CREDENTIALS", '[{"access_key_id": "a", "access_key_secret": "s3cret", "typo": 1}]'),
        ("LOCAL_OSS_CREDENTIALS", '[{"access_key_id": "a", "access_key_secret": "s3cret", "expires": "1"}]'),
        ("LOCAL_OSS_CALLBACK_SECONDS", "s3cret"),
        ("LOCAL_OSS_CALLBACK_SECONDS", "0"),
        ("LOCAL_OSS_CALLBACK_SECONDS", "nan"),
        ("LOCAL_OSS_PRIVATE_CALLBACKS", "s3cret"),
        ("LOCAL_OSS_ACL", "s3cret"),
        ("LOCAL_OSS_DOMAIN", "s3cret"),
        ("LOCAL_OSS_NEIGHBOURS", "s3cret"),
        ("LOCAL_OSS_NEIGHBOURS", "media=s3cret"),
        ("LOCAL_OSS_SWITCHES", "no_such_switch=1"),
        ("LOCAL_OSS_SWITCHES", "head_missing_key=s3cret"),
    ],
)
def test_names_a_wrong_variable_and_never_its_value(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        from_env({**ENVIRONMENT, name: value})

    assert "s3cret" not in str(refused.value)


def test_secrets_stay_out_of_reprs() -> None:
    shown = repr(
        from_env(
            {
                **ENVIRONMENT,
                "LOCAL_OSS_CREDENTIALS": json.dumps(
                    [{"access_key_id": "a", "access_key_secret": "s3cret", "security_token": "s3cret"}]
                ),
            }
        )
    )

    assert "s3cret" not in shown


def test_every_switch_is_strict_by_default_and_has_a_source(scene: Scene) -> None:
    listed = json.loads(scene.request("GET", "/-/switches").body)

    assert [(switch["name"], switch["value"]) for switch in listed] == [
        ("unpinned_x_oss", "refuse"),
        ("condition_letter_case", "lower"),
        ("head_missing_key", "404"),
        ("doubled_field", "first"),
        ("json_missing_variable", "null"),
        ("part_etag", "quoted"),
        ("repeated_complete", "404"),
        ("initiate_acl", "ignore"),
        ("initiate_forbid_overwrite", "once"),
        ("multipart_last_modified", "complete"),
        ("part_page_size", "refuse"),
        ("presigned_expiry", "head"),
        ("missing_signed_header", "400"),
        ("empty_content_type", "signed"),
        ("form_space", "%20"),
        ("cors_any_origin", "*"),
    ]
    assert all(switch["source"] and switch["value"] == switch["values"][0] for switch in listed)
    assert len(SWITCHES) == len(listed)


@pytest.mark.parametrize("text", ["x", "x=1", "form_space", "form_space=-", "field_limit=2MB"])
def test_an_unknown_switch_is_refused(text: str) -> None:
    with pytest.raises(SwitchError):
        read_switches(text)


def test_hands_out_the_key_its_callbacks_are_signed_with(scene: Scene) -> None:
    assert scene.request("GET", "/-/callback_pub_key.pem").body == public_pem(RSA_KEY)


def test_faults_are_set_listed_and_cleared_over_http(scene: Scene) -> None:
    order = {"fault": "reset", "requests": 2, "after_bytes": 10}

    assert json.loads(scene.request("POST", "/-/faults", body=json.dumps(order).encode()).body) == [order]
    assert json.loads(scene.request("GET", "/-/faults").body) == [order]
    assert json.loads(scene.request("DELETE", "/-/faults").body) == []
    assert scene.bucket.faults.pending() == []


@pytest.mark.parametrize(
    "order",
    [
        "not json",
        "[" * 4096,
        "[]",
        "{}",
        '{"fault": "unknown"}',
        '{"fault": ["reset"]}',
        '{"fault": "throttle", "requests": -1}',
        '{"fault": "throttle", "requests": true}',
        '{"fault": "throttle", "requests": "1"}',
        '{"fault": "throttle", "after_bytes": 1}',
        '{"fault": "reset", "after_bytes": -1}',
        '{"fault": "reset", "after_bytes": "1"}',
        '{"fault": "reset", "after_bytes": Infinity}',
        '{"fault": "reset", "after_bytes": 1e999}',
        '{"fault": "callback_slow", "seconds": NaN}',
        '{"fault": "callback_slow", "seconds": 601}',
        '{"fault": "callback_limit"}',
        '{"fault": "callback_limit", "seconds": -1}',
        '{"fault": "clock_offset"}',
        '{"fault": "clock_offset", "seconds": 1e12}',
        '{"fault": "server_error", "status": 404}',
        '{"fault": "server_error", "status": 500.0}',
        '{"fault": "server_error", "status": true}',
        '{"fault": "stall", "after_bytes": 1}',
        '{"fault": "stall", "seconds": 601}',
        '{"fault": "reset", "operation": "ListObjects"}',
        '{"fault": "reset", "operation": ""}',
        '{"fault": "reset", "operation": ["PutObject"]}',
        '{"fault": "reset", "part_number": 0}',
        '{"fault": "reset", "part_number": 10001}',
        '{"fault": "reset", "operation": "PutObject", "part_number": 1}',
        '{"fault": "object_missing", "part_number": 1}',
    ],
)
def test_refuses_orders_it_does_not_understand(scene: Scene, order: str) -> None:
    assert scene.request("POST", "/-/faults", body=order.encode()).status == 400
    assert scene.bucket.faults.pending() == []


def test_takes_a_number_that_no_float_can_hold(scene: Scene) -> None:
    order = {"fault": "reset", "requests": 1, "after_bytes": 10**400}

    assert scene.request("POST", "/-/faults", body=json.dumps(order).encode()).status == 200
    with pytest.raises(ConnectionLost):  # a form shorter than that is reset at its end
        scene.upload({"key": "a"})


def test_a_fault_applies_as_often_as_ordered_and_zero_clears_it() -> None:
    faults = Faults()
    faults.set({"fault": "throttle", "requests": 2})

    assert [faults.strike("reset", "throttle") is not None for _ in range(3)] == [True, True, False]
    faults.set({"fault": "throttle", "requests": 5})
    faults.set({"fault": "throttle", "requests": 0})
    assert faults.strike("throttle") is None


def test_faults_are_counted_across_threads() -> None:
    faults = Faults()
    faults.set({"fault": "throttle", "requests": 500})
    struck: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: struck.extend(faults.strike("throttle") is not None for _ in range(100))
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(struck) == 500


@pytest.mark.parametrize(
    "order",
    [
        {"fault": "clock_offset", "requests": 1, "seconds": -960.5},
        {"fault": "server_error", "requests": 1, "status": 503},
        {"fault": "server_error", "requests": 1},
        {"fault": "stall", "requests": 3, "seconds": 600},
        {"fault": "stall", "requests": 3, "seconds": 0, "after_bytes": 10},
        {"fault": "callback_limit", "requests": 1, "seconds": 0.1},
        {"fault": "reset", "requests": 1, "operation": "UploadPart", "part_number": 10_000},
        {"fault": "answer_lost", "requests": 1, "operation": "UploadPartCopy", "part_number": 1},
        {"fault": "part_overwritten", "requests": 1, "part_number": 7},
    ],
)
def test_takes_every_option_in_its_range(order: dict[str, object]) -> None:
    faults = Faults()
    faults.set(order)

    assert faults.pending() == [order]


@pytest.mark.parametrize(
    ("order", "sentence"),
    [
        ({"fault": "stall"}, "stall needs seconds"),
        ({"fault": "throttle", "seconds": 1}, "throttle takes operation, part_number"),
        ({"fault": "stall", "status": 1}, "stall takes after_bytes, operation, part_number, seconds"),
        ({"fault": "stall", "seconds": 601}, "seconds is a finite number, at least 0 and at most 600"),
        (
            {"fault": "server_error", "status": 1},
            "status is a whole number, at least 500 and at most 599",
        ),
        (
            {"fault": "callback_down", "operation": "GetObject"},
            "the operation is one of PostObject, PutObject, CompleteMultipartUpload",
        ),
        (
            {"fault": "part_corrupted", "part_number": 1, "operation": "PutObject"},
            "the operation is one of UploadPart",
        ),
        ({"fault": "object_missing", "seconds": 1}, "object_missing takes operation"),
        ({"fault": "reset", "after_bytes": -1}, "after_bytes is a finite number, at least 0"),
    ],
)
def test_says_what_is_wrong_with_an_order(order: dict[str, object], sentence: str) -> None:
    with pytest.raises(FaultError) as refused:
        Faults().set(order)

    assert str(refused.value) == sentence


def test_a_fault_is_cleared_without_its_options() -> None:
    faults = Faults()
    faults.set({"fault": "stall", "seconds": 1})
    faults.set({"fault": "stall", "requests": 0})

    assert faults.pending() == []


def test_pending_faults_keep_their_order() -> None:
    faults = Faults()
    for name in ("throttle", "reset"):
        faults.set({"fault": name, "requests": 2})
    faults.strike("throttle")

    assert faults.pending() == [{"fault": "throttle", "requests": 1}, {"fault": "reset", "requests": 2}]


def test_an_order_must_be_an_object() -> None:
    with pytest.raises(FaultError):
        Faults().set(None)
