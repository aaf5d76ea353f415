"""moto's S3 as a process of its own, which fails where a test says so.

Prints a line of JSON: its address, and an account for the bucket `lepton`.
`PUT /_faults` with a list of faults has requests fail from then on, `GET /_faults` says how often
each one did. It keeps everything in memory.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any, NoReturn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from autograder.sandbox.linux import die_with_parent

BUCKET, MISSING = "lepton", "lepton-missing"
CONNECTION = "lepton.connection"
LONGEST_SECONDS = 60
ERROR = "<?xml version='1.0'?><Error><Code>{0}</Code><Message>{0}</Message></Error>"
OBJECTS = ("GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": [f"arn:aws:s3:::{bucket}" for bucket in (BUCKET, MISSING)],
        },
        {
            "Effect": "Allow",
            "Action": [f"s3:{action}" for action in OBJECTS],
            "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in (BUCKET, MISSING)],
        },
    ],
}
"""What the page for operators says that the account must be allowed."""

KEY = ("AccessKeyId", "SecretAccessKey")
ANYBODY = (
    "AWS4-HMAC-SHA256 Credential=root/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, "
    "Signature=none"
)
"""What whoever makes the account says, before signatures count."""


class Unreliable:
    """Passes requests on to an application, but for those that a fault is about.

    A fault has a `method` and a `path` (regular expressions), `skip` and `times` (how many such
    requests go well first, and how many fail), and `what`: a status; `hold`, until the faults
    change; `slow`, by `seconds`; `gone`, the connection closes; `cut`, it closes half-way.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._faults: list[dict[str, Any]] = []
        self._changed = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/_faults":
            return self._told(environ, start)
        fault, changed = self._fault_of(environ), self._changed
        if fault is None:
            return self._application(environ, start)
        what = fault["what"]
        if isinstance(what, int):
            _body(environ)
            start(f"{what} No", [("Content-Type", "application/xml")])
            return [ERROR.format("SlowDown" if what == 503 else "InternalError").encode()]
        if what in ("hold", "slow"):
            changed.wait(LONGEST_SECONDS) if what == "hold" else time.sleep(fault["seconds"])
            return self._application(environ, start)
        if what == "cut" and environ["REQUEST_METHOD"] == "GET":
            return self._half(environ, start)
        if what == "cut":
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
        _close(environ)

    def _told(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            if environ["REQUEST_METHOD"] == "PUT":
                self._faults = [{"skip": 0, "hits": 0, **one} for one in json.loads(_body(environ))]
                self._changed.set()
                self._changed = threading.Event()
            hits = [one["hits"] for one in self._faults]
        start("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(hits).encode()]

    def _fault_of(self, environ: dict[str, Any]) -> dict[str, Any] | None:
        path = f"{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"
        with self._lock:
            for one in self._faults:
                if not re.fullmatch(one["method"], environ["REQUEST_METHOD"]):
                    continue
                if not re.search(one["path"], path):
                    continue
                if one["skip"]:
                    one["skip"] -= 1
                    continue
                if one["hits"] < one.get("times", 10**9):
                    one["hits"] += 1
                    return one
        return None

    def _half(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        content = b"".join(self._application(environ, start))
        yield content[: len(content) // 2]
        _close(environ)


def _body(environ: dict[str, Any]) -> bytes:
    return environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))


def _close(environ: dict[str, Any]) -> NoReturn:
    environ[CONNECTION].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


class ManyAtOnce(ThreadingMixIn, WSGIServer):
    """A thread for each request."""

    daemon_threads = True
    request_queue_size = 100


class QuietHandler(WSGIRequestHandler):
    """Writes down no requests, and tells the application what they came by."""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "RAW_URI": self.path, CONNECTION: self.connection}

    def log_message(self, *_: object) -> None:
        pass


def make_account(address: str) -> dict[str, str]:
    """Make a bucket, and an account that may do what the hub does; then only it is let in."""
    headers = {name: {"Authorization": ANYBODY.format(name)} for name in ("s3", "iam")}
    with httpx.Client(base_url=address, timeout=LONGEST_SECONDS) as client:
        client.put(f"/{BUCKET}", headers=headers["s3"]).raise_for_status()
        for told in (
            {"Action": "CreateUser"},
            {"Action": "PutUserPolicy", "PolicyName": "p", "PolicyDocument": json.dumps(POLICY)},
            {"Action": "CreateAccessKey"},
        ):
            told |= {"UserName": "hub", "Version": "2010-05-08"}
            answer = client.post("/", data=told, headers=headers["iam"]).raise_for_status()
        client.post("/moto-api/reset-auth", content=b"0").raise_for_status()
    found = [re.search(f"<{one}>(.*)</{one}>", answer.text) for one in KEY]
    return {"id": found[0][1], "secret": found[1][1]}


def main() -> None:
    """Serve until the process is killed, or the one that started it has ended."""
    die_with_parent(signal.SIGKILL)
    application = Unreliable(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, application, ManyAtOnce, QuietHandler)
    address = f"http://127.0.0.1:{server.server_port}"

    def tell() -> None:
        print(json.dumps({"address": address, **make_account(address)}), flush=True)

    threading.Thread(target=tell, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
