"""What only a stand-in has, below `/-/`: its public key, its switches and the faults to come.

No object and no site file is ever served from here.
"""

import json

from oss.bucket import Bucket, Site
from oss.callback_key import public_pem
from oss.errors import OssError, invalid_argument
from oss.faults import FaultError
from oss.http_messages import Answer, Request
from oss.switches import describe

PREFIX = "/-/"
MAX_ORDER_BYTES = 4096


def admin_answer(request: Request, bucket: Site) -> Answer:
    """Answer a request below `/-/`. Raises OssError for what is not there."""
    match request.method, request.path.removeprefix(PREFIX):
        case "GET", "callback_pub_key.pem" if isinstance(bucket, Bucket):
            return Answer(200, {"Content-Type": "application/x-pem-file"}, public_pem(bucket.key))
        case "GET", "switches":
            return _json(describe(bucket.settings.switches))
        case "POST", "faults":
            _take_order(request, bucket)
            return _json(bucket.faults.pending())
        case "DELETE", "faults":
            bucket.faults.clear()
            return _json([])
        case "GET", "faults":
            return _json(bucket.faults.pending())
    raise OssError(404, "NoSuchKey", f"Below {PREFIX} are callback_pub_key.pem, switches and faults.")


def _take_order(request: Request, bucket: Site) -> None:
    text = request.body.read(MAX_ORDER_BYTES)
    try:
        bucket.faults.set(json.loads(text))
    except FaultError as error:
        raise invalid_argument(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise invalid_argument("a fault is a JSON object") from error


def _json(value: object) -> Answer:
    return Answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())
