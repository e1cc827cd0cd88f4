"""ROS as far as a deploy asks it: stacks made, changed, rolled back and deleted, and their events."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from tests.support.cloud.oss_service import NAME_TAKEN
from tests.support.cloud.state import Refused, State

Asked = dict[str, str]
LARGEST_PAGE = 50  # ROS: PageSize
TIMEOUTS_IN_MINUTES = range(10, 1441)  # ROS: TimeoutInMinutes


def act(state: State, action: str, asked: Asked) -> dict[str, Any]:
    """Do what a request asks. Raises `Refused`, as for parameters that ROS does not take."""
    if asked.get("RegionId") != state.region:
        raise Refused(404, "InvalidRegionId.NotFound", "The specified region ID does not exist.")
    if not 0 < int(asked.get("PageSize", "10")) <= LARGEST_PAGE:
        raise Refused(400, "InvalidPageSize", "The specified PageSize is invalid.")
    if int(asked.get("TimeoutInMinutes", "60")) not in TIMEOUTS_IN_MINUTES:
        raise Refused(400, "InvalidParameter", "The specified TimeoutInMinutes is invalid.")
    return ACTIONS[action](state, asked)


def page_of(asked: Asked, found: list[Any]) -> list[Any]:
    size, number = int(asked.get("PageSize", "10")), int(asked.get("PageNumber", "1"))
    return found[size * (number - 1) : size * number]


def list_stacks(state: State, asked: Asked) -> dict[str, Any]:
    """Return stacks whose names begin so, newest last or first: nobody may rely on either."""
    found = [one for one in state.stacks.values() if one["StackName"].startswith(asked["StackName.1"])]
    found.sort(key=lambda one: str(one["CreateTime"]), reverse=state.newest_first)
    shown = ("StackId", "StackName", "Status", "CreateTime")
    return {"Stacks": [{key: one[key] for key in shown} for one in page_of(asked, found)]}


def get_stack(state: State, asked: Asked) -> dict[str, Any]:
    stack = stack_of(state, asked)
    if stack["next"]:
        stack["Status"] = stack["next"].pop(0)
    hidden = {name for name, one in stack["template"]["Parameters"].items() if one.get("NoEcho")}
    shown = {name: "******" if name in hidden else value for name, value in stack["values"].items()}
    return {
        **{key: stack[key] for key in ("StackId", "StackName", "Status", "StatusReason")},
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in shown.items()],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs(state, stack).items()],
    }


def list_stack_events(state: State, asked: Asked) -> dict[str, Any]:
    """Return a page of events, the newest first."""
    return {"Events": page_of(asked, stack_of(state, asked)["events"][::-1])}


def get_template(state: State, asked: Asked) -> dict[str, Any]:
    """Return the template as it was given; another stage has what its transforms made of it."""
    assert asked["TemplateStage"] == "Original"
    return {"TemplateBody": json.dumps(stack_of(state, asked)["template"])}


def get_service_provisions(state: State, asked: Asked) -> dict[str, Any]:
    """Return the status of services. Function Compute has an older role too, which nothing of ours needs."""
    names = [value for key, value in asked.items() if key.startswith("Services.")]
    page = "https://ram.console.aliyun.com/role/authorization?request=x"
    found: list[dict[str, Any]] = []
    for name in names:
        one = {"ServiceName": name, "Status": state.services[name], "AutoEnableService": False}
        if one["Status"] == "Disabled":
            one["EnableURL"] = f"https://common-buy.aliyun.com/?commodityCode={name.lower()}"
        if one["Status"] != "Enabled":
            one["StatusReason"] = f"The {name} service has not been opened."
        if name == "FC":
            roles = ("AliyunServiceRoleForFC", "AliyunFCDefaultRole")
            made = [{"RoleName": role, "Created": role not in state.missing_roles} for role in roles]
            one["RoleProvision"] = {"Roles": made} | (
                {"AuthorizationURL": page} if state.missing_roles else {}
            )
        found.append(one)
    return {"ServiceProvisions": found}


def create_stack(state: State, asked: Asked) -> dict[str, Any]:
    living = [one for one in state.stacks.values() if one["Status"] != "DELETE_COMPLETE"]
    if any(one["StackName"] == asked["StackName"] for one in living):
        raise Refused(409, "StackExists", f"The Stack ({asked['StackName']}) already exists.")
    stack_id = f"stack-{len(state.stacks) + 1}"
    stack: dict[str, Any] = {"StackId": stack_id, "StackName": asked["StackName"], "StatusReason": ""}
    stack |= {"minutes": int(asked.get("TimeoutInMinutes", "60"))}
    stack |= {"events": [], "values": {}, "CreateTime": f"2026-01-01T00:00:{len(state.stacks):02d}"}
    change(state, stack, "CREATE", asked)
    state.stacks[stack_id] = stack
    state.writes.append("CreateStack")
    return {"StackId": stack_id}


def update_stack(state: State, asked: Asked) -> dict[str, Any]:
    stack = still(stack_of(state, asked))
    if stack["Status"] not in UPDATABLE:
        raise Refused(409, "NotSupported", f"{stack['Status']} stacks cannot be updated.")
    if asked.get("UsePreviousParameters", "").lower() != "true":
        raise Refused(400, "StackValidationFailed", "The Parameter was not provided.")
    same_values = {**stack["values"], **given(asked)} == stack["values"]
    if parsed(asked["TemplateBody"]) == stack["template"] and same_values:
        raise Refused(400, "NotSupported", "Update the completely same stack is not supported")
    stack["minutes"] = int(asked.get("TimeoutInMinutes", "60"))
    change(state, stack, "UPDATE", asked)
    state.writes.append("UpdateStack")
    return {"StackId": stack["StackId"]}


def delete_stack(state: State, asked: Asked) -> dict[str, Any]:
    stack = still(stack_of(state, asked))
    retained = {value for name, value in asked.items() if name.startswith("RetainResources.")}
    failures = {name.removeprefix("delete "): reason for name, reason in state.fails.items()}
    values, template = stack["values"], stack["template"]
    resources = {
        name: one
        for name, one in template.get("Resources", {}).items()
        if holds(state, template, values, one.get("Condition"))
    }
    if retained - resources.keys():  # stricter than any document says
        raise Refused(400, "InvalidParameter", "RetainResources has a resource that the stack has not.")
    stack.update({"Status": "DELETE_IN_PROGRESS", "next": ["DELETE_COMPLETE"]})
    for name, resource in resources.items():
        bucket = bucket_of(resource, values)
        if name in retained:
            continue
        if reason := failures.get(name) or ("AccessDenied" if bucket in state.foreign else ""):
            event(stack, name, "DELETE_FAILED", reason)
            stack["next"] = ["DELETE_FAILED"]
            return {}
        if resource["Type"] == "ALIYUN::OSS::Bucket":
            state.buckets.pop(bucket, None)
            state.policies.pop(bucket, None)
            state.domains.pop(bucket, None)
    state.writes.append("DeleteStack")
    return {}


def bucket_of(resource: dict[str, Any], values: dict[str, str]) -> str:
    """Return the bucket that is deleted with a resource, or changed; an empty text if there is none."""
    if resource.get("DeletionPolicy") == "Retain":
        return ""
    match resource.get("Properties", {}).get("BucketName"):
        case {"Ref": str(parameter)}:
            return values[parameter]
        case {"Fn::GetAtt": ["Site", "Name"]}:
            return values["SiteBucket"]
        case {"Fn::If": [*_, {"Ref": str(parameter)}]}:
            return values[parameter]
    return ""


UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
# ROS: a bucket's name is not editable
FIXED = ("SiteBucket", "LogProject")
ACTIONS: dict[str, Callable[[State, Asked], dict[str, Any]]] = {
    "ListStacks": list_stacks,
    "GetStack": get_stack,
    "ListStackEvents": list_stack_events,
    "GetTemplate": get_template,
    "GetServiceProvisions": get_service_provisions,
    "CreateStack": create_stack,
    "UpdateStack": update_stack,
    "DeleteStack": delete_stack,
}


@functools.cache
def parsed(template: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(template)
    return found


def stack_of(state: State, asked: Asked) -> dict[str, Any]:
    try:
        return state.stacks[asked["StackId"]]
    except KeyError:
        raise Refused(404, "StackNotFound", f"The Stack ({asked['StackId']}) could not be found.") from None


def still(stack: dict[str, Any]) -> dict[str, Any]:
    """Return a stack that nobody works on."""
    if stack["Status"].endswith("_IN_PROGRESS"):
        raise Refused(
            409, "ActionInProgress", f"Stack {stack['StackName']} already has an action in progress."
        )
    return stack


def change(state: State, stack: dict[str, Any], kind: str, asked: Asked) -> None:
    template = parsed(asked["TemplateBody"])
    values = {**stack["values"], **given(asked)}
    for name, parameter in template["Parameters"].items():
        if "Default" in parameter:
            values.setdefault(name, str(parameter["Default"]))
        value = values.get(name)
        if value is None or not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
            raise Refused(400, "StackValidationFailed", f"The Parameter ({name}) is not allowed.")
    before = stack["values"]
    if fixed := [
        name for name in FIXED if before.get(name) and values[name] and values[name] != before[name]
    ]:
        raise Refused(400, "NotSupported", f"The property ({fixed[0]}) is not editable.")
    stack["next"] = [f"{kind}_IN_PROGRESS", f"{kind}_COMPLETE"]
    unbind_removed(state, stack, template)
    for name, resource in template["Resources"].items():
        if not holds(state, template, values, resource.get("Condition")):
            continue
        failed = state.fails.get(name) or make(state, stack, kind, name, resource, values)
        event(stack, name, f"{kind}_FAILED" if failed else f"{kind}_COMPLETE", failed or "")
        if failed:
            rolled = "CREATE_ROLLBACK" if kind == "CREATE" else "ROLLBACK"
            stack.update({"Status": f"{kind}_IN_PROGRESS", "template": template})
            stack["values"] = values if kind == "CREATE" else stack["values"]
            stack["next"][-1] = f"{rolled}_COMPLETE"
            return
    stack.update({"template": template, "values": values, "Status": f"{kind}_IN_PROGRESS"})


def set_rules(
    state: State, stack: dict[str, Any], name: str, properties: dict[str, Any], values: dict[str, str]
) -> None:
    """Set the rules of a bucket, in the place of all that are there, where they are new."""
    bucket = values[properties["BucketName"]["Ref"]]
    before = stack.get("template", {}).get("Resources", {}).get(name, {}).get("Properties")
    if values["AllowedOrigins"] != stack["values"].get("AllowedOrigins") or properties != before:
        (rule,) = properties["CORSConfiguration"]["CORSRule"]
        parts = {**rule, "AllowedOrigin": values["AllowedOrigins"].split(",")}
        lists = {name: part if isinstance(part, list) else [part] for name, part in parts.items()}
        texts = (f"<{name}>{one}</{name}>" for name, part in lists.items() for one in part)
        state.cors[bucket] = f"<CORSRule>{''.join(texts)}</CORSRule><ResponseVary>true</ResponseVary>"
        (rule,) = properties["LifecycleConfiguration"]["Rule"]
        days = rule["AbortMultipartUpload"]["Days"]
        state.lifecycle[bucket] = (
            f"<Rule><ID>{rule['ID']}</ID><Prefix>{rule['Prefix']}</Prefix><Status>Enabled</Status>"
            f"<AbortMultipartUpload><Days>{days}</Days></AbortMultipartUpload></Rule>"
        )


def unbind_removed(state: State, stack: dict[str, Any], template: dict[str, Any]) -> None:
    """Unbind the domains whose resources a new template does not have, as ROS deletes any resource."""
    for name, resource in stack.get("template", {}).get("Resources", {}).items():
        if name not in template["Resources"] and resource["Type"] == "ALIYUN::OSS::Domain":
            for bound in state.domains.values():
                bound.pop(stack["values"][resource["Properties"]["DomainName"]["Ref"]], None)


def make(
    state: State,
    stack: dict[str, Any],
    kind: str,
    name: str,
    resource: dict[str, Any],
    values: dict[str, str],
) -> str:
    """Make a bucket, or give a function its zip; return why that is impossible, or an empty text.

    A bucket of this account that exists already becomes the stack's. The zip is read at every change of a
    function: whether ROS does that where only a variable has changed, no document says.
    """
    properties = resource.get("Properties", {})
    if "CORSConfiguration" in properties:
        set_rules(state, stack, name, properties, values)
    if resource["Type"] == "ALIYUN::OSS::Bucket" and kind == "CREATE":
        bucket = values[properties["BucketName"]["Ref"]]
        if bucket in state.foreign:
            return f"BucketAlreadyExists: {NAME_TAKEN}"
        state.make_bucket(bucket)
        if "Policy" in properties:  # in which order ROS sets these, no document says: here in the worse one
            return "AccessDenied: Put public bucket policy is not allowed"
        if not properties.get("BlockPublicAccess", True):
            state.public_access_blocked.discard(bucket)
    if resource["Type"] == "ALIYUN::FC3::Function":
        bucket, key = (values[properties["Code"][one]["Ref"]] for one in ("OssBucketName", "OssObjectName"))
        if key not in state.buckets.get(bucket, {}):
            return f"InvalidArgument: {bucket}/{key} cannot be read."
        function = f"{stack['StackName']}-{name.removesuffix('Function').lower()}"
        state.code[function] = state.buckets[bucket][key][0]
    return ""


def holds(state: State, template: dict[str, Any], values: dict[str, str], condition: Any) -> bool:
    """Say whether a condition holds: a name, Fn::Equals of a parameter, Fn::Not, Fn::Or; None always does."""
    if condition is None:
        return True
    if isinstance(condition, str):
        return holds(state, template, values, template["Conditions"][condition])
    if "Fn::Not" in condition:
        return not holds(state, template, values, condition["Fn::Not"])
    if "Fn::Or" in condition:
        return any(holds(state, template, values, one) for one in condition["Fn::Or"])
    reference, value = condition["Fn::Equals"]
    given: str | int = values[reference["Ref"]]
    if template["Parameters"][reference["Ref"]]["Type"] == "Number" and not state.numbers_are_text:
        given = int(given)
    return bool(given == value)


def reserved_instances(state: State) -> dict[str, int]:
    """Return the instances that are reserved for the functions of all stacks."""
    return {
        f"{stack['StackName']}-{name.removesuffix('Cap').lower()}": int(
            stack["values"][resource["Properties"]["ReservedConcurrency"]["Ref"]]
        )
        for stack in state.stacks.values()
        if stack["Status"] in UPDATABLE
        for name, resource in stack["template"]["Resources"].items()
        if resource["Type"] == "ALIYUN::FC3::ConcurrencyConfig"
        and holds(state, stack["template"], stack["values"], resource.get("Condition"))
    }


def event(stack: dict[str, Any], name: str, status: str, reason: str) -> None:
    number = len(stack["events"])
    stack["events"].append(
        {"EventId": f"e{number}", "LogicalResourceId": name, "Status": status, "StatusReason": reason}
    )


def given(asked: Asked) -> dict[str, str]:
    """Return the parameters of a request, which come as numbered pairs."""
    keys = {name.split(".")[1]: value for name, value in asked.items() if name.endswith(".ParameterKey")}
    return {key: asked.get(f"Parameters.{number}.ParameterValue", "") for number, key in keys.items()}


def outputs(state: State, stack: dict[str, Any]) -> dict[str, str]:
    values = stack["values"]
    return {
        "TokenUrl": f"https://token-abc.{state.region}.fcapp.run",
        "CallbackUrl": f"https://callback-abc.{state.region}.fcapp.run",
        "UploadUrl": f"https://{values['UploadDomain'] or values['UploadBucket'] + '.' + state.suffix}",
        "SiteUrl": f"https://{values['SiteDomain'] or values['SiteBucket'] + '.' + state.suffix}",
        "SiteBucketName": values["SiteBucket"],
        "LogProjectName": values["LogProject"],
    }
