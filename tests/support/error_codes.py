"""Every error code of the functions, the library and the page, read from their sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from grants.multipart_routes import CONFLICTS
from tests.support.stack import REPOSITORY
from vendored import errors

FUNCTIONS = REPOSITORY / "functions"
CLIENT = REPOSITORY / "client" / "src"
YOURS = {"authorize.py", "hook.py"}  # whose own refusals are yours
WITH_A_CODE = {"WrongMethod", "PartsMissing"}  # classes of one code
STATUS_CODES = ("head_", "initiate_")  # and the status that OSS answered with


class Refused(NamedTuple):
    """One place that refuses: the code in the log, what the caller sees, and which function it is."""

    code: str
    public_code: str
    status: int
    function: str


def kinds() -> dict[str, type[errors.Refusal]]:
    """Return every class of refusals by its name."""
    classes = {name: one for name, one in vars(errors).items() if isinstance(one, type)}
    return {name: one for name, one in classes.items() if issubclass(one, errors.Refusal)}


@cache
def refusals() -> tuple[Refused, ...]:
    """Return each refusal that a function of this repository raises."""
    return tuple(_refusals())


def _refusals() -> Iterator[Refused]:
    for function in ("token", "callback"):
        for path in sorted((FUNCTIONS / function).rglob("*.py")):
            if path.name not in YOURS:
                tree = ast.parse(path.read_text(encoding="utf-8"))
                yield from _refusals_in(tree, function)
    for function in ("token", "callback"):
        yield _refused(errors.WrongMethod, errors.WrongMethod("GET").code, function)
    yield _refused(errors.PartsMissing, errors.PartsMissing([]).code, "token")


def _refusals_in(tree: ast.Module, function: str) -> Iterator[Refused]:
    classes = kinds()
    for call in ast.walk(tree):
        name = getattr(call, "func", None)
        called = getattr(name, "id", getattr(name, "attr", ""))
        if isinstance(call, ast.Call) and called in classes and called not in WITH_A_CODE:
            for code in _texts(call.args[0], tree):
                yield _refused(classes[called], code, function)


def _refused(kind: type[errors.Refusal], code: str, function: str) -> Refused:
    return Refused(code, kind.public_code or code, kind.status, function)


def _texts(node: ast.expr, tree: ast.Module) -> list[str]:
    """Return what a code can be. A test fails on a form that nobody has thought of."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_texts(one, tree), *_texts(other, tree)]
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), ast.FormattedValue()]) if (
            text in STATUS_CODES
        ):
            return [f"{text}status"]
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value="_"), ast.FormattedValue()]):
            return [f"{ast.literal_eval(one)}_status" for one in _arguments("_refusal", tree)]
        case ast.Starred(value=ast.Subscript(value=ast.Name(id="CONFLICTS"))):
            return [code for code, _ in CONFLICTS.values()]
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value="_differs")]):
            (compared,) = _arguments("compare", tree)
            assert isinstance(compared, ast.Dict)
            return [f"{ast.literal_eval(key)}_differs" for key in compared.keys if key]
    raise AssertionError(ast.unparse(node))


def _arguments(function: str, tree: ast.Module) -> list[ast.expr]:
    """Return the second argument of each call of a function."""
    calls = [call for call in ast.walk(tree) if isinstance(call, ast.Call)]
    return [call.args[1] for call in calls if getattr(call.func, "id", "") == function]


def reply_codes() -> set[str]:
    """Return the codes of answers that are no refusal."""
    found: set[str] = set()
    for path in FUNCTIONS.rglob("*.py"):
        found |= set(re.findall(r'\bReply\(.*\bcode="(\w+)"', path.read_text(encoding="utf-8")))
    return found


def client_codes() -> set[str]:
    """Return the codes that the library and the page set themselves."""
    sources = {path: path.read_text(encoding="utf-8") for path in CLIENT.rglob("*.js")}
    own = re.search(r"/\^\(([a-z_|]+)\)\$/", sources[CLIENT / "lib" / "errors.js"])
    assert own
    found = set(own[1].split("|"))
    for text in sources.values():
        found |= set(re.findall(r"new (?:UploadError|SettingsError)\(\s*(?:'\w+', '[^']*', )?'(\w+)'", text))
        found |= set(re.findall(r"'(\w+)' : 'token_invalid'", text))
        found |= {f"{prefix}_status" for prefix in re.findall(r"`(\w+)_\$\{status\}`", text)}
    settings = sources[CLIENT / "page" / "settings.js"]
    for listed in re.findall(r"\* @typedef \{('[^}]+)\} Refused|@param \{('[^}]+)\} missing", settings):
        found |= set(re.findall(r"'(\w+)'", "".join(listed)))
    return found


def page_codes() -> set[str]:
    """Return the codes for which the page has a sentence, OSS's among them."""
    text = (CLIENT / "page" / "texts" / "en.js").read_text(encoding="utf-8")
    (block,) = re.findall(r"\n  codes: \{\n(.*?)\n  \},", text, re.DOTALL)
    return set(re.findall(r"^    (\w+):", block, re.MULTILINE))


def oss_codes() -> set[str]:
    """Return OSS's codes that page, library or doctor know, or that the stand-in answers a form with."""
    library = "".join(path.read_text(encoding="utf-8") for path in sorted((CLIENT / "lib").glob("*.js")))
    doctor = (REPOSITORY / "deploy" / "doctor" / "causes.py").read_text(encoding="utf-8")
    patterns = " ".join(re.findall(r'Row\(r?"([^"]*)"', doctor))
    stand_in = REPOSITORY / "emulator" / "oss_emulator"
    sources = [*(stand_in / "post_object").glob("*.py"), stand_in / "auth" / "form_signature.py"]
    sources += [stand_in / "auth" / name for name in ("credentials.py", "header_signature.py")]
    sources += [stand_in / name for name in ("errors.py", "request_faults.py")]
    sources += [stand_in / "objects" / name for name in ("metadata.py", "upload_callback.py")]
    told = "".join(path.read_text(encoding="utf-8") for path in sources)
    found = {code for code in page_codes() if code[0].isupper()}
    found |= set(re.findall(r"\bcode [!=]== '([A-Z]\w+)'", library))
    found |= set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z]\w+)+\b", patterns))
    found |= set(re.findall(r'OssError\(\s*\d+,\s*"(\w+)"', told))
    return found - {"NoSuchKey", "NotImplemented"}  # of reads, and of the stand-in itself
