"""A bucket of S3 on this machine, and what goes wrong on the way there."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from bounded_waits import killed_after, until, wait_and_kill
from conftest import CLONE

from lepton_hub.storage import bucket_place

BUCKET, MISSING = "lepton", "lepton-missing"
"""As `s3_server` has them: the bucket, and one that the account may use but that is not there."""
PART = 2**18
"""Bytes of a part of a large object here: this server takes smaller ones than others do."""


@dataclass(frozen=True)
class S3Bucket:
    """A server's address, and the account that may use its bucket."""

    address: str
    id: str
    secret: str

    def new_folder(self) -> str:
        """Return the URL of a folder in which there is nothing."""
        return f"s3://{BUCKET}/{secrets.token_hex(4)}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which the bucket is reached."""
        return {
            "AWS_ACCESS_KEY_ID": self.id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT": self.address,
            "AWS_ALLOW_HTTP": "true",
        }

    def fails(self, what: int | str, method: str = ".*", path: str = "", **more: float) -> None:
        """Have requests fail as `s3_server.Unreliable` says."""
        self._tell([{"what": what, "method": method, "path": path, **more}])

    def heal(self) -> None:
        """Have all requests go well; those that are held go on."""
        self._tell([])

    def hits(self) -> int:
        """Return how many requests have failed."""
        return sum(httpx.get(f"{self.address}/_faults", timeout=60).json())

    def until_hit(self) -> None:
        """Wait until a request has failed, or is held."""
        until(self.hits, "a request that fails")

    def _tell(self, faults: list[dict[str, object]]) -> None:
        answer = httpx.put(f"{self.address}/_faults", json=faults, timeout=60)
        answer.raise_for_status()


@contextmanager
def reached(bucket: S3Bucket, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have this process's environment name the bucket; what fails is soon given up."""
    for name, value in bucket.environment.items():
        patch.setenv(name, value)
    patch.setattr(bucket_place, "PART", PART)
    patch.setattr(bucket_place, "RETRY_SECONDS", 0.2)
    patch.setattr(bucket_place, "ANSWER_SECONDS", 5)
    yield
    bucket.heal()


@contextmanager
def s3_bucket() -> Iterator[S3Bucket]:
    """Run a server of S3 with an empty bucket on a free port of this machine."""
    script = Path(__file__).with_name("s3_server.py")
    command = [sys.executable, str(script)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(CLONE),
        "S3_UPLOAD_PART_MIN_SIZE": "1",
        "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(2**24),  # in memory, and not in a file
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            with killed_after(process):
                told = process.stdout.readline()
            assert told, "the server of S3 has not started"
            yield S3Bucket(**json.loads(told))
        finally:
            process.kill()
            wait_and_kill(process)


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[S3Bucket]:
    """A server for all tests of a module that names this file in `pytest_plugins`."""
    with s3_bucket() as running:
        yield running


@pytest.fixture
def bucket(bucket_server: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Bucket]:
    """The server's bucket, whose account this process has."""
    with reached(bucket_server, monkeypatch):
        yield bucket_server
