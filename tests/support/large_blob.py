"""Write and read a large content; print by how many MB the process's peak grew at each step.

`large_blob.py PLACE MEGABYTES [times]`, the place being a folder or a URL; with a third argument it
prints seconds, too.
"""

from __future__ import annotations

import hashlib
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobStore, Uploads

MEGABYTE = 2**20


def content(megabytes: int) -> Iterator[bytes]:
    """Yield a content of which no part repeats another."""
    for number in range(megabytes):
        yield number.to_bytes(8, "big") * (MEGABYTE // 8)


def peak() -> float:
    """Return the peak of this program's memory in MB.

    That of `getrusage` is also the peak of who started it, until the program itself needs more.
    """
    with suppress(FileNotFoundError):
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Write, read, upload in calls of 16 MB, and finish the upload."""
    megabytes = int(sys.argv[2])
    store = BlobStore(f"{sys.argv[1]}/large", KeyRing.in_memory())
    uploads = Uploads(store)
    store.write([b"warm"])
    before = peak()
    began = time.perf_counter()

    def report(step: str) -> None:
        more = f" {step}, {time.perf_counter() - began:.1f} s since the start"
        print(peak() - before, more if len(sys.argv) > 3 else "", flush=True)

    blob = store.write(content(megabytes))
    report("written")
    digest = hashlib.sha256()
    for piece in store.read(blob.sha256):
        digest.update(piece)
    assert digest.hexdigest() == blob.sha256
    report("read")
    store.delete(blob.sha256)
    upload = uploads.create()
    pieces = content(megabytes)
    while uploads.offset(upload) < blob.size:
        uploads.append(upload, uploads.offset(upload), (next(pieces) for _ in range(16)))
    report("uploaded")
    assert uploads.finish(upload, blob.sha256) == blob
    report("finished")
    store.delete(blob.sha256)


if __name__ == "__main__":
    main()
