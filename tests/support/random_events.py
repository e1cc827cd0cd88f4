"""Random events: some that Function Compute could send, and many that it never would."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

TEXT = st.text(max_size=40)  # lone surrogates included, as JSON's escapes can spell them
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXT, inner, max_size=3)),
    max_leaves=6,
)
HEADERS = (
    "Origin",
    "origin",
    "Authorization",
    "Content-Type",
    "X-Oss-Pub-Key-Url",
    "x-oss-signature-version",
)
PATHS = ("/", "/limits", "/callback", "/confirm", "//", "/./", "/%2e", "/callback/", "")
METHODS = ("GET", "POST", "OPTIONS", "HEAD", "get", "TRACE", "")
ORIGINS = ("https://www.example.com", "https://www.example.com.evil.example", "null", "")
BODIES = (
    '{"ticket": "a"}',
    '{"ticket": "a", "ticket": "b"}',
    '{"ticket": 1e400}',
    "\ufeff{}",
    "[" * 5000,
    "ticket=a&bucket=b&object=c&size=1&etag=d",
    "ticket=%ff",
    "&" * 9000,
)


def texts(*known: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(known), TEXT)


def spoiled(document: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Replace the value of one member by anything, or leave one member out."""
    members = st.sampled_from(sorted(document))
    return st.one_of(
        st.just(document),
        st.tuples(members, ANYTHING).map(lambda one: {**document, one[0]: one[1]}),
        members.map(lambda left: {name: value for name, value in document.items() if name != left}),
    )


WELL_FORMED = st.fixed_dictionaries(
    {
        "version": st.just("v1"),
        "body": texts(*BODIES),
        "isBase64Encoded": st.booleans(),
        "headers": st.dictionaries(texts(*HEADERS), texts(*ORIGINS), max_size=4),
        "queryParameters": st.dictionaries(
            texts("name", "size", "type"), texts("a.png", "5", "image/png"), max_size=4
        ),
        "requestContext": st.fixed_dictionaries(
            {
                "http": st.fixed_dictionaries({"method": texts(*METHODS), "path": texts(*PATHS)}),
                "requestId": texts("1-64f6cd87-1"),
            }
        ),
    }
)
EVENTS = st.one_of(
    st.binary(max_size=200),
    ANYTHING.map(lambda document: json.dumps(document).encode()),
    WELL_FORMED.map(lambda document: json.dumps(document).encode()),
    WELL_FORMED.flatmap(spoiled).map(lambda document: json.dumps(document).encode()),
)
