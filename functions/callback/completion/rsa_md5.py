"""RSASSA-PKCS1-v1_5 with MD5, the scheme of OSS's callbacks, by `cryptography`.

A module of its own because it may fail to load: OpenSSL can be built without MD5 or without 512-bit keys.
Then callbacks cannot be verified, but uploads can still be confirmed.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import MD5
from cryptography.hazmat.primitives.serialization import load_pem_public_key

SCHEME, DIGEST = PKCS1v15(), MD5()  # noqa: S303 - OSS signs with nothing else

Verifier = Callable[[bytes, bytes], bool]


def verifier(pem: bytes) -> Verifier:
    """Return a function that tells whether `signature` is this key's for `message`. Raises `ValueError`."""
    key = load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - its content is wrong, not its Python type

    def verify(signature: bytes, message: bytes) -> bool:
        try:
            key.verify(signature, message, SCHEME, DIGEST)
        except InvalidSignature:
            return False
        return True

    return verify
