"""Domains from the first deploy to the last: verified, bound, given certificates, replaced and unbound."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_oss_v2 import CnameCertificate
from alibabacloud_oss_v2.exceptions import OperationError

from deploy.aliyun.clients import Cloud
from deploy.aliyun.domains import Binding, Certificate, binding_of
from deploy.aliyun.ros_stack import Stacks
from deploy.arguments import DEPLOY_OPTIONS, OPTIONS, read_arguments
from deploy.deploy import DeployCommand
from deploy.destroy import DELETE_UPLOADS, destroy
from deploy.domains import RETRY_SECONDS, TRIES, domains_of
from deploy.errors import CommandError, StackFailed
from deploy.stack_record import RECORD_NAME
from tests.support.certificate import make_certificate
from tests.support.cloud.commands import ANYONE, CODE, SITE, UPLOADS, deploy, given
from tests.support.cloud.oss_service import EXPIRES, TOKEN
from tests.support.cloud.state import Refused, State

PAGE, UP = "www.example.com", "up.example.com"
BOTH = {"SITE_DOMAIN": PAGE, "UPLOAD_DOMAIN": UP}
SAME = "SITE_DOMAIN and UPLOAD_DOMAIN are the same: a domain belongs to one bucket, so choose two."
WAITING = "waiting for a quarter of an hour at most until OSS finds the TXT records"
UNVERIFIED = (
    f"{PAGE} is not bound to {SITE}: OSS finds no TXT record with its token yet. Make both records above, "
    "and run this again; with WAIT=1 it waits until OSS finds them."
)


def values_of(state: State) -> dict[str, str]:
    (stack,) = (one for one in state.stacks.values() if one["Status"] != "DELETE_COMPLETE")
    values: dict[str, str] = stack["values"]
    return values


def test_a_domain_that_nobody_verified_costs_one_step_and_shows_the_records(
    cloud: Cloud, state: State
) -> None:
    shown: list[str] = []
    with pytest.raises(CommandError, match=f"^{UNVERIFIED}"):
        deploy(cloud, shown, **ANYONE, SITE_DOMAIN=PAGE)
    first = shown.index(f"{PAGE} needs two records; OSS takes the first until {EXPIRES}:")
    assert shown[first + 1 : first + 3] == [
        f"_dnsauth.{PAGE} TXT   {TOKEN}",
        f"{PAGE}          CNAME {SITE}.oss-cn-hangzhou.aliyuncs.com",
    ]
    assert WAITING not in shown
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]
    assert "index.html" in state.buckets[SITE]
    assert "TokenUrl    https://token-abc.cn-hangzhou.fcapp.run" in shown


def test_the_next_deploy_after_the_records_are_made_binds_the_domain(cloud: Cloud, state: State) -> None:
    with pytest.raises(CommandError):
        deploy(cloud, **ANYONE, **BOTH)
    state.records = {PAGE, UP}
    shown: list[str] = []
    deploy(cloud, shown)
    assert state.domains == {SITE: {PAGE: ""}, UPLOADS: {UP: ""}}
    address = f"{SITE}.oss-cn-hangzhou.aliyuncs.com"
    assert f"bound {PAGE} to {SITE}; its record: {PAGE} CNAME {address}" in shown
    assert any(line.startswith(f"{UP} (uploads) has no certificate") for line in shown)
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before


def test_each_domain_that_is_not_bound_is_told(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    with pytest.raises(CommandError, match=f"^{UP} is not bound to {UPLOADS}: ") as told:
        deploy(cloud, **ANYONE, **BOTH)
    assert PAGE not in str(told.value)
    assert state.domains[SITE] == {PAGE: ""}


def waiting(cloud: Cloud, state: State, found_after: int) -> list[float]:
    """Deploy with WAIT=1 while a TXT record is found after so many tries; return the pauses."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        if seconds == RETRY_SECONDS:
            pauses.append(seconds)
            if len(pauses) == found_after:
                state.records.add(PAGE)

    env = given(STACK="uploads", REGION="cn-hangzhou", YES="1", WAIT="1", SITE_DOMAIN=PAGE, **ANYONE)
    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=pause)
    DeployCommand(
        read_arguments(env, options=DEPLOY_OPTIONS), cloud, stacks, lambda _: None, lambda _: "no"
    ).run()
    return pauses


def test_it_waits_for_a_record_if_it_is_told_to(cloud: Cloud, state: State) -> None:
    assert waiting(cloud, state, 3) == [RETRY_SECONDS] * 3
    assert state.domains[SITE] == {PAGE: ""}


def test_both_domains_show_their_records_before_it_waits(cloud: Cloud, state: State) -> None:
    lines: list[str] = []
    env = given(STACK="uploads", REGION="cn-hangzhou", YES="1", WAIT="1", **BOTH, **ANYONE)

    def pause(seconds: float) -> None:
        if seconds == RETRY_SECONDS:
            lines.append("pause")
            if lines.count("pause") > 1:
                state.records = {PAGE, UP}

    stacks = Stacks(cloud.ros, "cn-hangzhou", pause=pause)
    DeployCommand(
        read_arguments(env, options=DEPLOY_OPTIONS), cloud, stacks, lines.append, lambda _: "no"
    ).run()
    told = [line for line in lines if "needs two records" in line or line.startswith(("pause", "waiting"))]
    assert [line.partition(" needs")[0] for line in told] == [
        PAGE,
        UP,
        WAITING,
        "pause",
        "pause",
    ]
    assert state.domains == {SITE: {PAGE: ""}, UPLOADS: {UP: ""}}


def test_it_waits_a_quarter_of_an_hour_and_no_longer(cloud: Cloud, state: State) -> None:
    with pytest.raises(CommandError, match=f"^{UNVERIFIED}"):
        waiting(cloud, state, TRIES)
    assert 14 * 60 <= (TRIES - 1) * RETRY_SECONDS <= 15 * 60


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [  # OSS: PutCname
        (404, "NoSuchCnameInRecord", "it has no ICP filing"),
        (403, "CnameDenied", "another account has bound it"),
        (409, "CnameAlreadyExists", "it is bound to another bucket of this account"),
        (403, "CnameIsForbidden", "OSS lets nobody bind it"),
        (403, "CnameIsRisk", "OSS takes it for dangerous"),
        (403, "AccessDenied", "the AccessKey needs oss:PutCname"),
        (400, "InvalidArgument", f"InvalidArgument of {PAGE}"),
    ],
)
def test_a_refusal_has_its_reason_and_is_not_waited_for(
    cloud: Cloud, state: State, status: int, code: str, said: str
) -> None:
    state.refused_domains[PAGE] = (status, code)
    with pytest.raises(CommandError, match=rf"^{PAGE} is not bound to {SITE} \({code}\): {said}.*(?<!\.)\.$"):
        deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE, WAIT="1")
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]
    assert state.asked.count(f"POST {SITE}/") == 1


def test_a_token_that_oss_refuses_is_told_too(cloud: Cloud, state: State) -> None:
    unverified = Refused(403, "NeedVerifyDomainOwnership", "Please verify domain ownership.")
    state.refusals[f"POST {SITE}/"] = [unverified, Refused(403, "AccessDenied", "not you")]
    with pytest.raises(
        CommandError, match=rf"^{PAGE} is not bound to {SITE} \(AccessDenied\): the AccessKey"
    ):
        deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)


def test_a_service_that_does_not_answer_is_no_refusal(cloud: Cloud, state: State) -> None:
    state.lost[f"POST {SITE}/"] = ["before"] * 99
    with pytest.raises(OperationError):
        deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)


def test_a_new_domain_that_cannot_be_bound_changes_nothing_of_a_stack_that_works(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    before = (dict(values_of(state)), [one for one in state.writes if one != f"put {RECORD_NAME}"])
    with pytest.raises(CommandError) as found:
        deploy(cloud, UPLOAD_DOMAIN=UP, MAX_BYTES="5")
    assert str(found.value).splitlines() == [
        UNVERIFIED.replace(PAGE, UP).replace(SITE, UPLOADS),
        "Nothing else was changed.",
    ]
    record = f"put {RECORD_NAME}"
    assert (dict(values_of(state)), [one for one in state.writes if one != record]) == before


def test_a_domain_that_still_waits_for_its_record_stops_no_other_change(cloud: Cloud, state: State) -> None:
    with pytest.raises(CommandError):
        deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    with pytest.raises(CommandError, match=f"^{UNVERIFIED}"):
        deploy(cloud, MAX_BYTES="5")
    assert values_of(state)["MaxBytes"] == "5"


@pytest.mark.parametrize(("name", "bucket"), [("SITE_DOMAIN", SITE), ("UPLOAD_DOMAIN", UPLOADS)])
def test_a_domain_is_bound_before_functions_use_it_and_the_old_one_unbound_after(
    cloud: Cloud, state: State, name: str, bucket: str
) -> None:
    state.records = {"one.example.com", "two.example.com"}
    deploy(cloud, **ANYONE, **{name: "one.example.com"})
    state.writes.clear()
    shown: list[str] = []
    deploy(cloud, shown, **{name: "two.example.com"})
    assert f"unbound one.example.com from {bucket}" in shown
    assert [one for one in state.writes if not one.startswith(("put ", "delete "))] == [
        "bind two.example.com",
        "UpdateStack",
        "unbind one.example.com",
    ]
    assert state.domains[bucket] == {"two.example.com": ""}
    deploy(cloud, **{name: ""})
    assert state.domains[bucket] == {}


def test_a_domain_that_moves_to_the_other_bucket_is_refused_with_the_way(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    with pytest.raises(CommandError, match=r"CnameAlreadyExists.*unbind it there"):
        deploy(cloud, SITE_DOMAIN="", UPLOAD_DOMAIN=PAGE)
    deploy(cloud, SITE_DOMAIN="")
    deploy(cloud, UPLOAD_DOMAIN=PAGE)
    assert state.domains == {SITE: {}, UPLOADS: {PAGE: ""}}


def test_domains_that_somebody_bound_by_hand_stay(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    state.domains[SITE]["by-hand.example.com"] = ""
    deploy(cloud, SITE_DOMAIN="")
    assert state.domains[SITE] == {"by-hand.example.com": ""}


@pytest.mark.parametrize(
    "domain", ["https://www.example.com", "www.example.com/", "localhost", "WWW.example.com"]
)
def test_what_is_no_domain_is_refused_before_anything_is_made(
    cloud: Cloud, state: State, domain: str
) -> None:
    with pytest.raises(CommandError) as found:
        deploy(cloud, **ANYONE, UPLOAD_DOMAIN=domain, SITE_DOMAIN=domain)
    assert str(found.value).splitlines() == [
        "SITE_DOMAIN takes a domain, such as www.example.com, without https://.",
        "UPLOAD_DOMAIN takes a domain, such as www.example.com, without https://.",
        SAME,
    ]
    assert state.writes == []


def test_a_domain_for_both_buckets_is_refused_before_anything_is_made(cloud: Cloud, state: State) -> None:
    with pytest.raises(CommandError, match=f"^{SAME}$"):
        deploy(cloud, **ANYONE, UPLOAD_DOMAIN=PAGE, SITE_DOMAIN=PAGE)
    assert state.writes == []


def test_a_stack_of_before_there_were_domains_has_none() -> None:
    assert domains_of({"SiteBucket": SITE, "UploadBucket": UPLOADS}) == {}


@pytest.mark.parametrize(
    ("told", "binding"),
    [
        (None, Binding("", "")),
        (CnameCertificate(cert_id="493-cn-hangzhou"), Binding("493-cn-hangzhou", "")),
        (CnameCertificate(fingerprint="de:01:CF"), Binding("", "DE01CF")),
    ],
    ids=["none", "with an id", "with a fingerprint"],
)
def test_a_bound_certificate_is_known_by_what_oss_tells(
    told: CnameCertificate | None, binding: Binding
) -> None:
    assert binding_of(told) == binding


def test_a_certificate_is_compared_by_its_id_and_one_in_pem_by_its_fingerprint() -> None:
    bound = Binding("493-cn-hangzhou", "DE01")
    given = (
        Certificate(id="493-cn-hangzhou"),
        Certificate(id="494-cn-hangzhou"),
        Certificate(fingerprint="DE01"),
        Certificate(fingerprint="DE02"),
    )
    assert [bound.has(one) for one in given] == [True, False, True, False]
    assert not any(Binding("", "").has(one) for one in given)


def test_a_certificate_is_bound_with_its_domain_and_renewed(
    cloud: Cloud, state: State, tmp_path: Path
) -> None:
    state.records = {PAGE, UP}
    shown: list[str] = []
    deploy(
        cloud,
        shown,
        **ANYONE,
        **BOTH,
        SITE_CERTIFICATE="493-cn-hangzhou",
        UPLOAD_CERTIFICATE="494-cn-hangzhou",
    )
    assert state.domains == {SITE: {PAGE: "493-cn-hangzhou"}, UPLOADS: {UP: "494-cn-hangzhou"}}
    assert not any("certificate" in line for line in shown)
    path = f"@{make_certificate(tmp_path, PAGE)}"
    for _ in range(2):
        deploy(cloud, SITE_CERTIFICATE=path, SITE_PRIVATE_KEY=path)
    assert len(state.domains[SITE][PAGE]) == len(
        "DE:01:CF:EC:7C:A7:98:CB:D8:6E:FB:1D:97:EB:A9:64:1D:4E:00:00"
    )
    assert state.writes.count(f"bind {PAGE}") == 2
    deploy(cloud, MAX_BYTES="5")
    assert state.domains[UPLOADS] == {UP: "494-cn-hangzhou"}


def test_a_certificate_that_fits_no_domain_is_refused_before_anything_is_made(
    cloud: Cloud, state: State, tmp_path: Path
) -> None:
    path = f"@{make_certificate(tmp_path, PAGE)}"
    with pytest.raises(CommandError, match=f"^UPLOAD_CERTIFICATE is not for {UP}"):
        deploy(cloud, **ANYONE, **BOTH, UPLOAD_CERTIFICATE=path, UPLOAD_PRIVATE_KEY=path)
    with pytest.raises(CommandError, match=r"^SITE_CERTIFICATE is given, but this stack has no SITE_DOMAIN"):
        deploy(cloud, **ANYONE, SITE_CERTIFICATE="493-cn-hangzhou")
    assert state.writes == []


def as_of_an_earlier_version(state: State, name: str = "Site") -> dict[str, Any]:
    """Make the stack one whose template binds the domain of the page, and that no record tells of."""
    (stack,) = state.stacks.values()
    earlier: dict[str, Any] = copy.deepcopy(stack["template"])
    earlier["Resources"][f"{name}DomainBinding"] = {
        "Type": "ALIYUN::OSS::Domain",
        "Properties": {"BucketName": {"Ref": f"{name}Bucket"}, "DomainName": {"Ref": f"{name}Domain"}},
    }
    stack["template"] = earlier
    del state.buckets[CODE][RECORD_NAME]
    return stack


GAP = (
    f"ROS unbinds {PAGE} while it updates this stack of an earlier version. This command binds it again "
    "right after; OSS may ask for the TXT record of _dnsauth then, and until it finds that, nobody reaches "
    "the bucket at this domain."
)


def test_a_binding_of_an_earlier_template_ends_bound_with_its_certificate(cloud: Cloud, state: State) -> None:
    """ROS deletes a resource that a new template does not have, and unbinds the domain with it."""
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE, SITE_CERTIFICATE="493-cn-hangzhou")
    stack = as_of_an_earlier_version(state)
    shown: list[str] = []
    deploy(cloud, shown)
    assert GAP in shown
    assert "SiteDomainBinding" not in stack["template"]["Resources"]
    assert state.domains[SITE] == {PAGE: "493-cn-hangzhou"}
    assert state.writes.count(f"bind {PAGE}") == 2
    deploy(cloud, SITE_DOMAIN="")
    assert state.domains[SITE] == {}


def test_a_domain_that_goes_with_its_binding_is_not_said_to_come_back(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    as_of_an_earlier_version(state)
    shown: list[str] = []
    deploy(cloud, shown, SITE_DOMAIN="")
    assert GAP.partition(". ")[0] + "." in shown


def test_it_asks_before_ros_unbinds_a_domain_and_changes_nothing_without_permission(
    cloud: Cloud, state: State
) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    as_of_an_earlier_version(state)
    before = list(state.writes)
    answers = {"Deploy there? Type yes: ": " yes ", "Go on? Type yes: ": "no"}
    with pytest.raises(CommandError, match=r"^Nothing was done\.$"):
        deploy(cloud, [], answers.__getitem__, YES="0")
    assert state.writes == before
    answers["Go on? Type yes: "] = " yes "
    deploy(cloud, [], answers.__getitem__, YES="0")
    assert state.domains[SITE] == {PAGE: ""}


def test_a_domain_that_oss_does_not_unbind_is_told_and_tried_again(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    state.refusals[f"POST {SITE}/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(CommandError, match=rf"^{PAGE} is still bound to {SITE} \(AccessDenied: not you\)\.$"):
        deploy(cloud, SITE_DOMAIN="")
    assert state.domains[SITE] == {PAGE: ""}
    deploy(cloud)
    assert state.domains[SITE] == {}


def test_a_domain_that_was_bound_before_the_deploy_stays_bound(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.domains["media"] = {UP: "493-cn-hangzhou"}
    deploy(cloud, **ANYONE, UPLOAD_BUCKET="media", UPLOAD_DOMAIN=UP)
    deploy(cloud, UPLOAD_DOMAIN="")
    assert state.domains["media"] == {UP: "493-cn-hangzhou"}
    deploy(cloud, UPLOAD_DOMAIN=UP)
    shown = destroyed(cloud)
    assert state.domains["media"] == {UP: "493-cn-hangzhou"}
    assert f"left {UP} bound to media: no deploy bound it" in shown


def destroyed(cloud: Cloud, **options: str) -> list[str]:
    env = given(STACK="uploads", REGION="cn-hangzhou", YES="1", **options)
    arguments = read_arguments(env, options=(*OPTIONS, DELETE_UPLOADS), settings=())
    shown: list[str] = []
    destroy(arguments, cloud, Stacks(cloud.ros, "cn-hangzhou"), shown.append, lambda _: UPLOADS)
    return shown


def test_destroy_frees_the_domains(cloud: Cloud, state: State) -> None:
    state.records = {PAGE, UP}
    deploy(cloud, **ANYONE, **BOTH)
    state.domains[UPLOADS]["by-hand.example.com"] = ""
    shown = destroyed(cloud)
    assert [line for line in shown if "bound" in line] == [
        f"unbound {PAGE} from {SITE}",
        f"unbound {UP} from {UPLOADS}",
    ]
    destroyed(cloud)
    assert state.domains == {UPLOADS: {"by-hand.example.com": ""}}


def test_destroy_frees_a_domain_of_a_bucket_that_it_deletes(cloud: Cloud, state: State) -> None:
    """Whoever bound it: no other bucket could have it."""
    state.buckets[UPLOADS] = {}
    state.domains[UPLOADS] = {UP: ""}
    deploy(cloud, **ANYONE, UPLOAD_DOMAIN=UP)
    assert f"unbound {UP} from {UPLOADS}" in destroyed(cloud, DELETE_UPLOADS="1")


def test_destroy_frees_the_domains_of_an_earlier_version(cloud: Cloud, state: State) -> None:
    state.records = {PAGE, UP}
    deploy(cloud, **ANYONE, **BOTH)
    as_of_an_earlier_version(state, "Upload")
    assert f"unbound {UP} from {UPLOADS}" in destroyed(cloud)


def test_what_a_lost_record_had_stays_where_it_is(cloud: Cloud, state: State) -> None:
    state.records = {PAGE, UP}
    deploy(cloud, **ANYONE, **BOTH)
    del state.buckets[CODE][RECORD_NAME]
    shown: list[str] = []
    deploy(cloud, shown, SITE_DOMAIN="", UPLOAD_DOMAIN="")
    assert not any("unbind" in line for line in shown)
    assert state.domains == {SITE: {PAGE: ""}, UPLOADS: {UP: ""}}


def test_destroy_forgets_what_it_unbound(cloud: Cloud, state: State) -> None:
    """Whoever binds the domain after that has it bound by hand."""
    state.records = {UP}
    deploy(cloud, **ANYONE, UPLOAD_DOMAIN=UP)
    state.fails["delete LogsProject"] = "ProjectForbidden: not yours"
    with pytest.raises(StackFailed):
        destroyed(cloud)
    state.fails.clear()
    state.domains[UPLOADS] = {UP: ""}
    destroyed(cloud)
    assert state.domains[UPLOADS] == {UP: ""}


def test_a_domain_that_was_refused_is_not_the_stacks(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    with pytest.raises(CommandError, match="Nothing else was changed"):
        deploy(cloud, UPLOAD_DOMAIN=UP)
    state.domains[UPLOADS] = {UP: ""}
    deploy(cloud)
    assert state.domains[UPLOADS] == {UP: ""}


def test_a_domain_that_was_bound_beside_one_that_was_refused_is_the_stacks(
    cloud: Cloud, state: State
) -> None:
    deploy(cloud, **ANYONE)
    state.records = {PAGE}
    with pytest.raises(CommandError, match="Nothing else was changed"):
        deploy(cloud, **BOTH)
    assert state.domains[SITE] == {PAGE: ""}
    deploy(cloud)
    assert state.domains[SITE] == {}


def test_no_domain_is_unbound_in_a_bucket_of_another_account(cloud: Cloud, state: State) -> None:
    """A first deploy was rolled back, its bucket's name went to another account, and another was chosen."""
    state.records = {UP}
    state.fails["TokenRole"] = "broken"
    with pytest.raises(StackFailed):
        deploy(cloud, **ANYONE, UPLOAD_BUCKET="typo", UPLOAD_DOMAIN=UP)
    state.fails.clear()
    state.squat("typo")
    state.domains["typo"] = {UP: ""}
    shown: list[str] = []
    deploy(cloud, shown, **ANYONE)
    assert state.domains["typo"] == {UP: ""}
    assert f"typo is gone or another account's: {UP} is not unbound from it" in shown
    shown.clear()
    deploy(cloud, shown)
    assert not any("typo" in line for line in shown)


def test_a_domain_that_an_interrupted_deploy_did_not_unbind_can_go_to_the_other_bucket(
    cloud: Cloud, state: State
) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    state.refusals[f"POST {SITE}/"] = [Refused(403, "AccessDenied", "not you")]
    with pytest.raises(CommandError, match="is still bound"):
        deploy(cloud, SITE_DOMAIN="")
    deploy(cloud, UPLOAD_DOMAIN=PAGE)
    assert state.domains == {SITE: {}, UPLOADS: {PAGE: ""}}


def test_domains_that_may_not_be_listed_cost_their_step(cloud: Cloud, state: State) -> None:
    state.buckets["media"] = {}
    state.refused_settings["media"] = {"cname"}
    with pytest.raises(
        CommandError, match=rf"^{UP} is not bound to media \(AccessDenied\): the AccessKey needs"
    ):
        deploy(cloud, **ANYONE, UPLOAD_BUCKET="media", UPLOAD_DOMAIN=UP)
    assert [one["Status"] for one in state.stacks.values()] == ["CREATE_COMPLETE"]


def test_a_domain_of_an_earlier_version_that_is_not_bound_is_bound(cloud: Cloud, state: State) -> None:
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE)
    as_of_an_earlier_version(state)
    state.domains.clear()
    deploy(cloud)
    assert state.domains[SITE] == {PAGE: ""}


def test_a_domain_beside_one_that_may_not_be_listed_is_the_stacks(cloud: Cloud, state: State) -> None:
    state.records = {PAGE, UP}
    state.buckets[SITE] = {}
    state.refused_settings[SITE] = {"cname"}
    with pytest.raises(CommandError, match=rf"^{PAGE} is not bound to {SITE} \(AccessDenied\)"):
        deploy(cloud, **ANYONE, **BOTH)
    state.refused_settings.clear()
    deploy(cloud, UPLOAD_DOMAIN="")
    assert state.domains[UPLOADS] == {}


def test_a_change_stores_the_record_before_and_after_and_no_more(cloud: Cloud, state: State) -> None:
    deploy(cloud, **ANYONE)
    state.writes.clear()
    deploy(cloud, ALLOWED_ORIGINS="https://b.example.com")
    assert state.writes.count(f"put {RECORD_NAME}") == 2


def unbound_by_ros(cloud: Cloud, state: State) -> None:
    """Let ROS unbind the domain of an earlier version's stack; OSS wants to see the TXT record again."""
    state.records = {PAGE}
    deploy(cloud, **ANYONE, SITE_DOMAIN=PAGE, SITE_CERTIFICATE="493-cn-hangzhou")
    as_of_an_earlier_version(state)
    state.records.clear()
    with pytest.raises(CommandError, match="finds no TXT record"):
        deploy(cloud)


def test_a_certificate_is_kept_until_its_domain_is_bound_with_it(cloud: Cloud, state: State) -> None:
    unbound_by_ros(cloud, state)
    state.records = {PAGE}
    deploy(cloud)
    assert state.domains[SITE] == {PAGE: "493-cn-hangzhou"}


def test_a_certificate_that_was_bound_meanwhile_stays(cloud: Cloud, state: State) -> None:
    unbound_by_ros(cloud, state)
    state.domains[SITE] = {PAGE: "494-cn-hangzhou"}
    deploy(cloud)
    assert state.domains[SITE] == {PAGE: "494-cn-hangzhou"}
    before = list(state.writes)
    deploy(cloud)
    assert state.writes == before


def test_wait_and_certificates_are_options_of_deploy_alone() -> None:
    for name in ("WAIT", "SITE_CERTIFICATE", "UPLOAD_PRIVATE_KEY"):
        env = given(STACK="uploads", REGION="cn-hangzhou", **{name: "1"})
        assert read_arguments(env, options=DEPLOY_OPTIONS).settings == {}
        with pytest.raises(CommandError, match=f"^{name}: no such setting"):
            read_arguments(env, options=OPTIONS, settings=())
