import base64
import json
from collections.abc import Callable, Mapping

import pytest

from oss_emulator.errors import OssError
from oss_emulator.post_object.policy import Condition, Policy, SizeRange, parse_policy
from oss_emulator.post_object.policy_check import (
    check_conditions,
    check_expiration,
    check_largest_size,
    check_smallest_size,
)
from oss_emulator.switches import read_switches
from tests.support.emulator.scene import NOW, encoded, policy_text

EXPIRATION = "2026-09-21T14:13:20.000Z"
STRICT = read_switches("")
PINS = {"x-oss-signature-version": "OSS4-HMAC-SHA256", "x-oss-credential": "c", "x-oss-date": "d"}


def refusal_of(policy: str) -> tuple[int, str, str]:
    with pytest.raises(OssError) as refused:
        parse_policy(policy)
    return refused.value.status, refused.value.code, refused.value.ec


def text(document: str | bytes) -> str:
    return base64.b64encode(document.encode() if isinstance(document, str) else document).decode()


def document(*conditions: object, expiration: object = EXPIRATION) -> str:
    return encoded({"expiration": expiration, "conditions": list(conditions)})


def test_reads_the_policy_of_the_official_sample() -> None:
    conditions = [
        ["content-length-range", 1, 10],
        ["eq", "$success_action_status", "201"],
        ["starts-with", "$key", "user/eric/"],
        ["in", "$content-type", ["image/jpg", "image/png"]],
        ["not-in", "$cache-control", ["no-cache"]],
        {"bucket": "johnsmith"},
    ]

    assert parse_policy(policy_text(conditions, NOW)) == Policy(
        NOW,
        (
            Condition("eq", "success_action_status", ("201",)),
            Condition("starts-with", "key", ("user/eric/",)),
            Condition("in", "content-type", ("image/jpg", "image/png")),
            Condition("not-in", "cache-control", ("no-cache",)),
            Condition("eq", "bucket", ("johnsmith",)),
        ),
        (SizeRange(1, 10),),
    )


@pytest.mark.parametrize(
    ("expiration", "seconds"),
    [
        ("2026-09-21T14:13:20Z", NOW),
        ("2026-09-21T14:13:20.5Z", NOW + 0.5),
        ("2026-09-21T14:13:20.001Z", NOW + 0.001),
    ],
)
def test_reads_times_with_and_without_milliseconds(expiration: str, seconds: float) -> None:
    assert parse_policy(document({"key": "a"}, expiration=expiration)).expires == pytest.approx(
        seconds, abs=1e-6
    )


@pytest.mark.parametrize(
    ("policy", "ec"),
    [
        ("e30", "202"),
        ("e30=\n", "202"),
        ("é", "202"),
        (text(b'{"\xff":1}'), "203"),
        ("", "205"),
        (text("{"), "204"),
        (text('{"expiration": NaN}'), "204"),
        (text("[" * 100_000), "204"),
        (text('{"conditions": [' + "9" * 5000 + "]}"), "204"),
        (text("[]"), "204"),
        (text('{"expiration":"x","conditions":{}}'), "214"),
        (text('{"expiration":"x","conditions":"y"}'), "214"),
        (encoded({"expiration": EXPIRATION, "conditions": [["eq", "$key", "a"]], "version": 1}), "206"),
        (text('{"expiration":"' + EXPIRATION + '","conditions":[["eq","$key","a"]],"conditions":[]}'), "206"),
        (encoded({"expiration": EXPIRATION}), "207"),
        (document(), "215"),
        (encoded({"conditions": [["eq", "$key", "a"]]}), "208"),
        (encoded({}), "209"),
        (document({"key": "a"}, expiration=1), "210"),
        (document({"key": "a"}, expiration=""), "211"),
        (document({"key": "a"}, expiration="2026-09-21 14:13:20"), "212"),
        (document({"key": "a"}, expiration="2026-09-21T22:13:20+08:00"), "212"),
        (document({"key": "a"}, expiration="2026-13-21T14:13:20Z"), "212"),
        (document({"key": "a"}, expiration="٢٠٢٦-09-21T14:13:20Z"), "212"),
        (document([]), "216"),
        (document(["ends-with", "$key", "a"]), "217"),
        (document([["eq"], "$key", "a"]), "216"),
        (document(["$key"]), "216"),
        (document(123), "222"),
        (document("eq"), "222"),
        (document(["in", "$key", "a"]), "224"),
        (document(["in", "$key", [1]]), "224"),
        (document(["in", "$key", {}]), "224"),
        (document(["not-in", "cache-control", ["no-cache"]]), "224"),
        (document(["eq", "key", "a"]), "224"),
        (document(["eq", "$key"]), "218"),
        (document(["starts-with", "$key", "user/user1", "test"]), "218"),
        (document(["eq", "$size", 5]), "224"),
        (document({"key": 5}), "224"),
        (document(["content-length-range", 10, "test"]), "221"),
        (document(["content-length-range", -1, 10]), "221"),
        (document(["content-length-range", 0, True]), "221"),
        (document(["content-length-range", 0, 1.5]), "221"),
        (document(["content-length-range", [1], "test"]), "223"),
        (document(["content-length-range", 1, {}]), "223"),
        (document(["content-length-range", 20, 10]), "219"),
        (document(["content-length-range", 10]), "218"),
    ],
)
def test_refuses_every_fault_of_grammar_with_its_ec(policy: str, ec: str) -> None:
    assert refusal_of(policy) == (400, "InvalidPolicyDocument", f"0006-00000{ec}")


@pytest.mark.parametrize("conditions", ['{"a":"1","b":"2"}', '{"key":"a","key":"b"}', "{}"])
def test_a_simple_condition_has_one_property(conditions: str) -> None:
    with pytest.raises(OssError) as refused:
        parse_policy(text(f'{{"expiration":"{EXPIRATION}","conditions":[{conditions}]}}'))

    assert refused.value.message == (
        "Invalid Policy: Invalid Simple-Condition: "
        "Simple-Conditions must have exactly one property specified."
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("expiration", "Invalid Policy: Invalid JSON: unknown char e"),
        ('{"conditions": ["a" "b"]}', "Invalid Policy: Invalid JSON: , or ] expected"),
        ('{"a": "b" "c"}', "Invalid Policy: Invalid JSON: , or } expected"),
    ],
)
def test_says_what_is_wrong_with_json_in_oss_s_words(document: str, message: str) -> None:
    with pytest.raises(OssError, match=f"^400 InvalidPolicyDocument 0006-00000204 {message}"):
        parse_policy(text(document))


def check(condition: object, fields: dict[str, str], switches: str = "") -> str:
    """Status, EC and message with which one condition refuses `fields`; empty if it holds."""
    policy = parse_policy(document(condition, *({name: value} for name, value in PINS.items())))
    sent, positions = {**PINS, **fields}, read_switches(switches)
    try:
        check_conditions(policy, sent, bucket="b", v4=True, switches=positions)
    except OssError as error:
        return f"{error.status} {error.ec[-3:]} {error.message.removeprefix('Invalid according to Policy: ')}"
    return ""


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ({"key": "a"}, "a", ""),
        ({"key": "a"}, "A", '403 227 Policy Condition failed: ["eq", "$key", "a"]'),
        ({"key": "图"}, "a", '403 227 Policy Condition failed: ["eq", "$key", "图"]'),
        (["eq", "$key", "a"], "a", ""),
        (["eq", "$key", ""], "", ""),
        (["eq", "$key", "a"], "a ", '403 227 Policy Condition failed: ["eq", "$key", "a"]'),
        (["starts-with", "$key", "user/"], "user/a", ""),
        (["starts-with", "$key", ""], "anything", ""),
        (
            ["starts-with", "$key", "user/"],
            "my/user/a",
            '403 227 Policy Condition failed: ["starts-with", "$key", "user/"]',
        ),
        (
            ["starts-with", "$key", "user/"],
            "user",
            '403 227 Policy Condition failed: ["starts-with", "$key", "user/"]',
        ),
        (["in", "$key", ["a", "b"]], "b", ""),
        (["in", "$key", ["a", "b"]], "c", '403 227 Policy Condition failed: ["in", "$key", ["a", "b"]]'),
        (["in", "$key", []], "", '403 227 Policy Condition failed: ["in", "$key", []]'),
        (["not-in", "$key", ["a"]], "b", ""),
        (["not-in", "$key", ["a"]], "a", '403 227 Policy Condition failed: ["not-in", "$key", ["a"]]'),
        (["eq", "$key", r"\${filename}"], "${filename}", ""),
        (["starts-with", "$key", r"a\$b"], "a$bc", ""),
        (["eq", "$key", r"a\b"], r"a\b", ""),
        (["eq", "$bucket", "b"], "", ""),
        ({"bucket": "c"}, "", '403 227 Policy Condition failed: ["eq", "$bucket", "c"]'),
    ],
)
def test_compares_a_field_with_its_condition(condition: object, value: str, expected: str) -> None:
    assert check(condition, {"key": value}) == expected


@pytest.mark.parametrize("operator", ["eq", "starts-with", "in", "not-in"])
def test_a_dollar_without_its_escape_equals_nothing(operator: str) -> None:
    value: object = "${filename}" if operator in {"eq", "starts-with"} else ["${filename}"]

    assert check([operator, "$key", value], {"key": "${filename}"}).startswith("403 227 ")


@pytest.mark.parametrize(
    "condition",
    [{"x-oss-meta-a": "1"}, ["starts-with", "$x-oss-meta-a", ""], ["not-in", "$x-oss-meta-a", ["2"]]],
)
def test_a_condition_on_a_field_that_is_not_there_fails(condition: object) -> None:
    assert check(condition, {}).startswith("403 226 Policy Condition failed: ")


@pytest.mark.parametrize("name", sorted(PINS))
@pytest.mark.parametrize("switches", ["", "unpinned_x_oss=accept"])
def test_a_v4_form_must_pin_its_signature_fields(name: str, switches: str) -> None:
    policy = parse_policy(document(*({pin: value} for pin, value in PINS.items() if pin != name)))

    with pytest.raises(OssError, match=f"0006-00000228 .*: Extra input fields: {name}$"):
        check_conditions(policy, PINS, bucket="b", v4=True, switches=read_switches(switches))


def test_a_v1_form_need_not_pin_anything() -> None:
    policy = parse_policy(document({"bucket": "b"}))

    check_conditions(policy, {"x-oss-meta-a": "1"}, bucket="b", v4=False, switches=STRICT)


@pytest.mark.parametrize(
    "name", ["x-oss-security-token", "x-oss-meta-a", "x-oss-object-acl", "x-oss-forbid-overwrite"]
)
def test_other_x_oss_fields_must_be_pinned_unless_switched(name: str) -> None:
    assert check({"bucket": "b"}, {name: "1"}) == f"403 228 Extra input fields: {name}"
    assert check({"bucket": "b"}, {name: "1"}, "unpinned_x_oss=accept") == ""
    assert check(["starts-with", f"${name}", ""], {name: "1"}) == ""


@pytest.mark.parametrize(
    "name", ["key", "callback", "x:ticket", "success_action_status", "x-oss-signature", "policy"]
)
def test_fields_that_no_condition_names_are_accepted(name: str) -> None:
    assert check({"bucket": "b"}, {name: "1"}) == ""


def test_a_condition_names_its_field_in_lower_case_unless_switched() -> None:
    condition = ["eq", "$Content-Type", "a/b"]

    assert (
        check(condition, {"content-type": "a/b"})
        == '403 226 Policy Condition failed: ["eq", "$Content-Type", "a/b"]'
    )
    assert check(condition, {"content-type": "a/b"}, "condition_letter_case=any") == ""


def test_a_policy_ends_at_its_expiration() -> None:
    policy = parse_policy(document({"key": "a"}))

    check_expiration(policy, NOW - 0.001)
    with pytest.raises(OssError, match=r"0006-00000213 Invalid according to Policy: Policy expired\.$"):
        check_expiration(policy, NOW)


def test_every_size_range_counts_and_ends_are_included() -> None:
    policy = parse_policy(document(["content-length-range", 2, 5], ["content-length-range", 0, 4]))

    check_largest_size(policy, 4)
    check_smallest_size(policy, 2)
    with pytest.raises(OssError, match="0006-00000003 Your proposed upload exceeds the maximum allowed size"):
        check_largest_size(policy, 5)
    with pytest.raises(OssError, match="0006-00000004 Your proposed upload smaller than the minimum allowed"):
        check_smallest_size(policy, 1)


def test_unicode_escapes_are_the_characters_they_name() -> None:
    assert json.loads('"\\u56fe"') == "图"
    policy = text('{"expiration":"' + EXPIRATION + r'","conditions":[{"key":"\u56fe\/a"}]}')

    assert parse_policy(policy).conditions == (Condition("eq", "key", ("图/a",)),)


def explanation(check: Callable[[], object]) -> Mapping[str, str]:
    with pytest.raises(OssError) as refused:
        check()
    return refused.value.explanation


def test_a_failed_condition_says_what_it_expected_and_what_it_got() -> None:
    policy = parse_policy(document(["starts-with", "$key", r"\${a}/"], ["in", "$x:b", ["1", "2"]]))

    def explained(**fields: str) -> Mapping[str, str]:
        return explanation(lambda: check_conditions(policy, fields, bucket="b", v4=False, switches=STRICT))

    assert explained(key="a") == {
        "condition": r'["starts-with", "$key", "\\${a}/"]',
        "field": "key",
        "expected": "${a}/",
        "got": "a",
    }
    assert explained(key="${a}/", **{"x:b": "3"})["expected"] == "1, 2"
    assert explained(key="${a}/")["got"] == "no such field"


def test_refusals_by_a_policy_are_explained() -> None:
    policy = parse_policy(document(["content-length-range", 2, 5]))

    assert explanation(lambda: check_largest_size(policy, 6)) == {
        "expected": "content-length-range: 2 to 5 bytes",
        "got": "6 bytes, and perhaps more",
    }
    assert explanation(lambda: check_smallest_size(policy, 1))["got"] == "1 bytes"
    assert explanation(lambda: check_expiration(policy, NOW + 1)) == {
        "policy expires": "2026-09-21T14:13:20Z",
        "time here": "2026-09-21T14:13:21Z",
    }
    assert explanation(lambda: check_conditions(policy, PINS, bucket="b", v4=True, switches=STRICT)) == {
        "field": "x-oss-signature-version",
        "expected": "a condition that names this field",
        "got": "none",
    }
