"""Whether the account has activated the services that a stack needs, and has their roles, as ROS sees it.

Source: ROS GetServiceProvisions, which needs `ros:GetServiceProvisions` and `ram:GetRole`.
"""

from __future__ import annotations

from typing import NamedTuple

from alibabacloud_ros20190910 import models
from alibabacloud_ros20190910.client import Client

# ROS's names for the services of the template; RAM needs no activation
SERVICES = {"OSS": "OSS", "FC": "Function Compute", "SLS": "Simple Log Service"}


class Service(NamedTuple):
    """`status` is Enabled, Disabled or Unknown. `missing_roles` has the page that makes each."""

    name: str
    status: str
    reason: str
    activation_url: str
    missing_roles: dict[str, str]


def service_states(client: Client, region: str) -> list[Service]:
    """Return the state of each of `SERVICES`."""
    asked = models.GetServiceProvisionsRequest(
        region_id=region,
        services=[models.GetServiceProvisionsRequestServices(service_name=name) for name in SERVICES],
    )
    found = client.get_service_provisions(asked).body.service_provisions or []
    return [
        Service(
            SERVICES.get(one.service_name, one.service_name),
            one.status or "Unknown",
            one.status_reason or "",
            one.enable_url or "",
            missing_roles(one.role_provision),
        )
        for one in found
    ]


def missing_roles(
    provision: models.GetServiceProvisionsResponseBodyServiceProvisionsRoleProvision | None,
) -> dict[str, str]:
    """Return a service's roles that do not exist, each with the page that makes it."""
    if provision is None:
        return {}
    page = provision.authorization_url or ""
    return {role.role_name: page for role in provision.roles or [] if role.created is False}
