"""`s.yaml` makes the same functions as `template.yml`: same limits, variables, triggers and roles."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from deploy.arguments import SETTINGS, parameter_name
from deploy.function_zip import FUNCTIONS
from deploy.package import PACKAGES
from deploy.template import parse_template, template_text
from local.settings_check import refusal
from tests.support.readme import blocks, both, shell, text_of
from tests.support.stack import REPOSITORY

PROJECT: dict[str, Any] = yaml.safe_load(text_of("s.yaml"))
TEMPLATE = parse_template(template_text())
RESOURCES: Mapping[str, Any] = TEMPLATE["Resources"]
CALLBACK_URL = "https://callback-abcdefgh.cn-hangzhou.fcapp.run"
NEEDED = {
    "STACK": "uploads",
    "REGION": "cn-hangzhou",
    "UPLOAD_BUCKET": "examplebucket",
    "LOG_PROJECT": "examplelogs",
    "ALLOWED_ORIGINS": "https://www.example.com",
    "TICKET_SECRET": "a-ticket-secret-of-more-than-32-bytes",
}
NO_FUNCTION_HAS = {"SITE_DOMAIN", "UPLOAD_BUCKET_RULES"}
OPTIONAL = {*SETTINGS} - {*NEEDED} - NO_FUNCTION_HAS
EVERYTHING = {
    **NEEDED,
    **{name: "7" if name.endswith("_CONCURRENCY") else f"{name.lower()}.example" for name in OPTIONAL},
}
SETTINGS_OF = {
    "only what is needed": NEEDED,
    "the rest is empty": {**dict.fromkeys(OPTIONAL, ""), **NEEDED},
    "everything": EVERYTHING,
}


# ---- What Serverless Devs makes of s.yaml


def project(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return `s.yaml` with the values of its expressions."""
    variables = {name: evaluated(text, environ, {}) for name, text in PROJECT["vars"].items()}
    found: dict[str, Any] = evaluated(PROJECT["resources"], environ, variables)
    return {name: resource["props"] for name, resource in found.items()}


def evaluated(value: Any, environ: Mapping[str, str], variables: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: evaluated(inner, environ, variables) for name, inner in value.items()}
    if isinstance(value, list):
        return [evaluated(inner, environ, variables) for inner in value]
    if not isinstance(value, str):
        return value
    texts = re.split(r"\$\{(.*?)\}", value)
    texts[1::2] = [result(expression, environ, variables) for expression in texts[1::2]]
    return texts[1] if len(texts) == 3 and not texts[0] + texts[2] else "".join(texts)


def result(expression: str, environ: Mapping[str, str], variables: Mapping[str, str]) -> Any:
    """Evaluate an expression of JavaScript that is also one of Python, as all of them in `s.yaml` are."""

    def env(name: str, default: str | None = None) -> str:
        found = environ.get(name) or default  # Serverless Devs takes an empty variable for none
        if found is None:
            raise LookupError(name)
        return found

    url = SimpleNamespace(system_url=CALLBACK_URL)
    callback = SimpleNamespace(output=SimpleNamespace(url=url))
    names = {
        "env": env,
        "json": json.loads,
        "vars": SimpleNamespace(**variables),
        "resources": SimpleNamespace(callback=callback),
    }
    return eval(expression, {"__builtins__": {}, **names})


# ---- What ROS makes of template.yml


class RosStack:
    """The template's resources with the values of some settings, under the names that fc3 has for them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        given = {parameter_name(name): value for name, value in environ.items() if value}
        defaults = {name: one.get("Default") for name, one in TEMPLATE["Parameters"].items()}
        pseudo = {"ALIYUN::StackName": environ["STACK"], "ALIYUN::Region": environ["REGION"]}
        self.known = {**defaults, **given, **pseudo}

    def function(self, name: str) -> dict[str, Any]:
        title = name.capitalize()
        function = self.properties(f"{title}Function")
        trigger = self.properties(f"{title}Trigger")
        cap = self.properties(f"{title}Cap")
        del function["code"]  # an object in a bucket here, a file for Serverless Devs
        assert {trigger.pop("functionName"), cap.pop("functionName")} == {function["functionName"]}
        return {**function, "triggers": [trigger], "concurrencyConfig": cap}

    def properties(self, resource: str) -> dict[str, Any]:
        given = RESOURCES[resource]["Properties"]
        return {lower_camel(name): self.value(name, value) for name, value in given.items()}

    def value(self, name: str, value: Any) -> Any:
        solved = self.solved(value)
        if name == "LogConfig":  # the keys of other maps are not ROS's own
            return {lower_camel(key): inner for key, inner in solved.items()}
        return int(solved) if name == "ReservedConcurrency" else solved

    def solved(self, value: Any) -> Any:
        match value:
            case {"Ref": name}:
                return self.known[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([\w:]+)\}", lambda found: self.known[found[1]], text)
            case {"Fn::If": [condition, yes, no]}:
                return self.solved(yes if self.holds(TEMPLATE["Conditions"][condition]) else no)
            case {"Fn::GetAtt": [resource, attribute]}:
                return self.attribute(resource, attribute)
            case dict():
                return {key: self.solved(inner) for key, inner in value.items()}
            case _:
                return value

    def holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": inner}:
                return not self.holds(inner)
            case _:
                left, right = map(self.solved, condition["Fn::Equals"])
                return bool(left == right)

    def attribute(self, resource: str, attribute: str) -> Any:
        if attribute == "UrlInternet":
            return CALLBACK_URL
        named = {"Arn": "RoleName"}.get(attribute, attribute)  # fc3 makes the ARN from a role's name
        return self.solved(RESOURCES[resource]["Properties"][named])


def lower_camel(name: str) -> str:
    return name[0].lower() + name[1:]


# ---- The two together


@pytest.mark.parametrize("settings", SETTINGS_OF)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_the_one_that_the_template_makes(function: str, settings: str) -> None:
    environ = SETTINGS_OF[settings]
    made = project(environ)[function]
    assert made.pop("region") == environ["REGION"]
    del made["code"]
    assert made == RosStack(environ).function(function)


@pytest.mark.parametrize("missing", NEEDED)
def test_nothing_is_deployed_without_a_setting_that_has_no_default(missing: str) -> None:
    with pytest.raises(LookupError, match=missing):
        project({**EVERYTHING, missing: ""})


def test_only_the_two_functions_are_made_and_who_verifies_comes_first() -> None:
    """Serverless Devs deploys in this order, which a rotation of the ticket secret counts on."""
    assert list(PROJECT["resources"]) == ["callback", "token"]
    assert {resource["component"] for resource in PROJECT["resources"].values()} == {"fc3"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_it_sends_the_package_that_its_action_makes(function: str) -> None:
    assert PROJECT["actions"] == {"pre-deploy": [{"run": "make package"}]}
    assert REPOSITORY / project(NEEDED)[function]["code"] == PACKAGES / f"{function}.zip"


# ---- The documents


def env_file(readme: str) -> str:
    (script,) = [block for block in blocks(readme, "sh") if ".env" in block]
    return script


@pytest.mark.parametrize("readme", both("deploy"))
def test_the_readmes_settings_start_both_functions(readme: str, tmp_path: Path) -> None:
    shell(env_file(readme), tmp_path)
    path = tmp_path / ".env"
    assert path.stat().st_mode & 0o077 == 0
    environ = dict(line.split("=", 1) for line in path.read_text().splitlines())
    made = project(environ)
    assert {name: refusal(name, made[name]["environmentVariables"]) for name in FUNCTIONS} == {
        "token": "",
        "callback": "",
    }


@pytest.mark.parametrize("readme", both("deploy"))
def test_the_readmes_policy_is_the_templates(readme: str) -> None:
    (shown,) = [one for one in map(json.loads, blocks(readme, "json")) if "Statement" in one]
    policies = {}
    for function in FUNCTIONS:
        (policy,) = RESOURCES[f"{function.capitalize()}Role"]["Properties"]["Policies"]
        text = json.dumps(policy["PolicyDocument"])
        policies[function] = json.loads(re.sub(r'\{"Fn::Sub": ("[^"]*")\}', r"\1", text))
    (statement,) = shown["Statement"]
    filled = (
        statement["Resource"][0]
        .replace("ACCOUNT", "${ALIYUN::TenantId}")
        .replace("BUCKET", "${UploadBucket}")
        .replace("uploads/", "${UploadPrefix}")
    )
    assert TEMPLATE["Parameters"]["UploadPrefix"]["Default"] == "uploads/"
    statement["Resource"] = [filled]
    assert shown == policies["token"]
    statement["Action"] = ["oss:GetObject"]
    assert shown == policies["callback"]


def test_git_ignores_the_file_that_holds_the_secrets() -> None:
    assert "/.env" in text_of(".gitignore").splitlines()
