"""What tests/studio_drops/test_server.py serves, in place of Django."""

import json
import os
import time
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/slow":
        time.sleep(1)
    content = json.dumps({"pid": os.getpid(), "names": sorted(environ)}).encode()
    start_response("200 OK", [("Content-Length", str(len(content)))])
    return [content]
