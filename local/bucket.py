"""One stand-in OSS bucket under functions-framework: `--source local/bucket.py --target bucket`.

Only the start lives here: settings from the environment, and the function that functions-framework calls. Run
it with THREADS=256: while an upload waits for its callback, the callback function may ask this same process
for the object, so 64 uploads at once need 128 threads.
"""

import os

import flask
import gunicorn.config  # type: ignore[import-untyped]
import gunicorn.http.message  # type: ignore[import-untyped]
import gunicorn.http.wsgi  # type: ignore[import-untyped]  # it ships no types
import gunicorn.util  # type: ignore[import-untyped]

from oss_emulator.bucket.state import open_bucket
from oss_emulator.flask_edge import (
    answer_every_path,
    close_aside,
    from_flask,
    prefer_chunks,
    refuse_what_is_not_http,
    reset,
    to_flask,
)
from oss_emulator.http_messages import ConnectionLost
from oss_emulator.routing import respond
from oss_emulator.settings import SettingsError, from_env

MAX_REQUEST_LINE = 8190  # gunicorn's own default; functions-framework sets no limit

try:
    _BUCKET = open_bucket(from_env(os.environ))
except SettingsError as error:
    raise SystemExit(f"The stand-in OSS cannot start: {error}.") from error

# Neither gunicorn nor functions-framework has settings for these: the Server header of OSS's answers, the
# longest request line, the answer to bytes that are not HTTP, how a connection is closed, and which length of
# a body counts.
gunicorn.http.wsgi.SERVER = "AliyunOSS"
gunicorn.config.LimitRequestLine.get = lambda _: MAX_REQUEST_LINE
gunicorn.util.write_error = refuse_what_is_not_http
gunicorn.util.close_graceful = close_aside
Message = gunicorn.http.message.Request
Message.set_body_reader = prefer_chunks(Message.set_body_reader)


def bucket(request: flask.Request) -> flask.Response:
    """Answer one request."""
    try:
        return to_flask(respond(from_flask(request), _BUCKET))
    except ConnectionLost:
        return reset(request)


answer_every_path(bucket)
