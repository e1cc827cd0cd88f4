"""Where the page is looked at: on a desktop and a phone, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DESKTOP: Mapping[str, Any] = {"viewport": {"width": 1100, "height": 800}}
PHONE: Mapping[str, Any] = {
    "viewport": {"width": 390, "height": 780},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
LOOKS: Mapping[str, Mapping[str, Any]] = {
    f"{name}-{locale[:2]}": {**screen, "locale": locale, "reduced_motion": "reduce"}
    for name, screen in (("desktop", DESKTOP), ("phone", PHONE))
    for locale in ("en-US", "zh-CN")
}
