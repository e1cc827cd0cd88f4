"""The key that signs callbacks, and the signature. The key is the emulator's own; only OSS has OSS's.

Source: OSS Callback page: RSA with MD5 (PKCS#1 v1.5) over the decoded path, the query with its `?`, a line
feed and the body.
"""

import base64
import os
import secrets
from pathlib import Path
from urllib.parse import unquote_to_bytes

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

KEY_BITS = 2048  # OSS's own key has 512 bits; current libraries refuse to make such a key


def load_or_make_key(path: Path) -> rsa.RSAPrivateKey:
    """Read the RSA key at `path`, or make it. Two processes that start at once get the same key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pem = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        made = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        try:
            path.hardlink_to(made)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} is not an RSA key")
    return key


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    """Return the public key as PEM, in the form in which gosspublic.alicdn.com publishes OSS's."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def string_to_sign(path: str, query: str, body: bytes) -> bytes:
    """Return the bytes that a callback's signature covers; `query` has its `?` or is empty."""
    return unquote_to_bytes(path) + query.encode() + b"\n" + body


def sign_callback(key: rsa.RSAPrivateKey, text: bytes) -> str:
    """Sign a callback's string to sign. Returns the Authorization header."""
    signature = key.sign(text, padding.PKCS1v15(), hashes.MD5())  # noqa: S303 - OSS's choice, not ours
    return base64.b64encode(signature).decode()
