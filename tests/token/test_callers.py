"""A claim narrows limits and never widens them."""

from __future__ import annotations

import pytest

from grants.callers import Limits, narrow
from vendored.errors import Unauthenticated
from vendored.media_types import allows

OURS = Limits(1000, ("image/*", "application/pdf"))


@pytest.mark.parametrize(
    ("claim", "limits"),
    [
        (None, OURS),
        ({}, OURS),
        ({"max_bytes": 10}, OURS._replace(max_bytes=10)),
        ({"max_bytes": 0}, OURS._replace(max_bytes=0)),
        ({"max_bytes": 10**12}, OURS),
        ({"types": ["image/png"]}, OURS._replace(types=("image/png",))),
        ({"types": ["IMAGE/PNG"]}, OURS._replace(types=("image/png",))),
        ({"types": ["image/x-png", "image/png"]}, OURS._replace(types=("image/png",))),
        ({"types": ["application/x-pdf"]}, OURS._replace(types=("application/pdf",))),
        ({"types": ["*/*"]}, OURS),
        ({"types": ["image/*", "image/png", "video/*"]}, OURS._replace(types=("image/*", "image/png"))),
        ({"types": ["application/*"]}, OURS._replace(types=("application/pdf",))),
        ({"types": ["video/mp4"]}, OURS._replace(types=())),
        ({"types": []}, OURS._replace(types=())),
    ],
)
def test_a_claim_narrows(claim: object, limits: Limits) -> None:
    assert narrow(OURS, claim) == limits


@pytest.mark.parametrize(
    "claim",
    [
        "",
        [],
        1,
        {"maxBytes": 10},
        {"max_bytes": "10"},
        {"max_bytes": 1.5},
        {"max_bytes": True},
        {"max_bytes": -1},
        {"max_bytes": None},
        {"types": "image/png"},
        {"types": None},
        {"types": [1]},
        {"types": [""]},
        {"types": ["png"]},
    ],
)
def test_a_claim_of_another_shape_allows_nothing(claim: object) -> None:
    with pytest.raises(Unauthenticated, match="claim_malformed"):
        narrow(OURS, claim)


@pytest.mark.parametrize(
    ("patterns", "media_type", "allowed"),
    [
        (["*/*"], "text/html", True),
        (["image/*"], "image/png", True),
        (["image/png"], "image/png", True),
        (["image/png"], "image/pngx", False),
        (["image/*"], "image/x-png", True),
        (["application/x-zip-compressed"], "application/zip", True),
        (["application/zip"], "application/x-zip-compressed", True),
        (["image/*"], "application/x-photoshop", True),
        (["application/*"], "application/x-photoshop", False),
        (["image/*"], "imagex/png", False),
        (["image/*"], "image", False),
        ([], "image/png", False),
    ],
)
def test_a_type_is_allowed_by_a_whole_pattern(patterns: list[str], media_type: str, allowed: bool) -> None:  # noqa: FBT001 - a case, not a switch
    assert allows(patterns, media_type) is allowed
