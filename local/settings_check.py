"""Settings that a function would refuse, found by its own parser: those of `make run` before it starts."""

import importlib.util
from collections.abc import Iterable, Iterator, Mapping

import completion.settings
import grants.settings
from local.process_spec import ProcessSpec
from vendored.errors import Misconfigured

PARSERS = {"token": grants.settings.Settings.from_env, "callback": completion.settings.Settings.from_env}
NEEDS_PYJWT = ("AUTH_JWKS", "AUTH_HS256_SECRET")


def problems(specs: Iterable[ProcessSpec]) -> Iterator[str]:
    """Yield a sentence for each function that would not start with the environment of its process.

    Before PyJWT is installed, the token function's settings cannot be read where users sign in.
    """
    for spec in specs:
        if spec.name in PARSERS and can_be_read(spec.env) and (refused := refusal(spec.name, spec.env)):
            yield f"{spec.name}: {refused}"


def refusal(function: str, variables: Mapping[str, str]) -> str:
    """Return what a function's parser refuses in its environment variables, or an empty text."""
    try:
        PARSERS[function](variables)
    except Misconfigured as problem:
        return problem.detail
    return ""


def can_be_read(env: Mapping[str, str]) -> bool:
    """Tell whether the packages are installed that these settings need."""
    return not any(map(env.get, NEEDS_PYJWT)) or importlib.util.find_spec("jwt") is not None
