from tests.support.callback_fixtures import bucket, environ, handler, private_key, signed, watch

__all__ = ["bucket", "environ", "handler", "private_key", "signed", "watch"]
