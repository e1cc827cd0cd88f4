"""What the owner of the bucket asks of it: requests for its configuration, signed without our signer."""

import hashlib
import hmac
import time

from tests.support.emulator.scene import BUCKET, REGION, Scene, Seen, signing_key


def ask(scene: Scene, method: str, target: str, body: bytes | str = b"", **headers: str) -> Seen:
    """Send a request; its path needs no encoding, and header names are written with underscores."""
    content = body.encode() if isinstance(body, str) else body
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(scene.now))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = {"x-oss-content-sha256": "UNSIGNED-PAYLOAD", "x-oss-date": date, **sent}
    lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
    path, _, parameters = target.partition("?")
    query = "&".join(sorted(parameters.split("&")))
    canonical = f"{method}\n/{BUCKET}{path}\n{query}\n{lines}\n\nUNSIGNED-PAYLOAD"
    scope = f"{date[:8]}/{REGION}/oss/aliyun_v4_request"
    text = f"OSS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(signing_key("SKEXAMPLE", date[:8]), text.encode(), hashlib.sha256).hexdigest()
    authorization = f"OSS4-HMAC-SHA256 Credential=AKEXAMPLE/{scope},Signature={signature}"
    return scene.request(method, target, {**signed, "Authorization": authorization}, content)


def put(scene: Scene, part: str, document: str) -> None:
    """Configure the bucket; the test is wrong where that is refused."""
    answer = ask(scene, "PUT", f"/?{part}", document)
    assert (answer.status, answer.body) == (200, b""), answer.body


def cors(*rules: str, vary: str = "") -> str:
    return f"<CORSConfiguration>{''.join(rules)}{vary}</CORSConfiguration>"


def cors_rule(*, origins: str = "*", methods: str = "POST", headers: str = "", exposed: str = "") -> str:
    """A CORSRule; each list is written with spaces between its items."""
    lists = (
        ("AllowedOrigin", origins),
        ("AllowedMethod", methods),
        ("AllowedHeader", headers),
        ("ExposeHeader", exposed),
    )
    items = (f"<{name}>{item}</{name}>" for name, text in lists for item in text.split())
    return f"<CORSRule>{''.join(items)}</CORSRule>"
