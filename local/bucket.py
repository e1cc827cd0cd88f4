"""One stand-in OSS bucket under functions-framework: `--source local/bucket.py --target bucket`.

Only the start lives here: settings from the environment, and the function. Run it with THREADS=64, because an
upload waits for a callback that may ask this same process for the object.
"""

import os

import flask
import gunicorn.http.wsgi  # type: ignore[import-untyped]  # it ships no types

from oss.bucket import open_bucket
from oss.flask_edge import from_flask, reset, to_flask
from oss.http_messages import ConnectionLost
from oss.routing import respond
from oss.settings import SettingsError, from_env

try:
    _BUCKET = open_bucket(from_env(os.environ))
except SettingsError as error:
    raise SystemExit(f"The stand-in OSS cannot start: {error}.") from error

gunicorn.http.wsgi.SERVER = "AliyunOSS"  # gunicorn has no setting for the header that OSS's answers carry


def bucket(request: flask.Request) -> flask.Response:
    """Answer one request."""
    try:
        return to_flask(respond(from_flask(request), _BUCKET))
    except ConnectionLost:
        return reset(request)
