"""Write blobs and their audit entries in processes that are killed at random moments.

`killed_writer.py URL FOLDER KEYS SEED KILLS` prints a line for each content that was acknowledged:
its SHA-256, and the upload that brought it or a dash.
"""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import time
from itertools import count

from audit_logs import open_engine
from sqlalchemy.orm import Session

from autograder.sandbox.linux import die_with_parent
from lepton_hub.audit import append
from lepton_hub.keys import KeyRing
from lepton_hub.storage import BlobStore, Uploads

LONGEST_SECONDS = 300
"""For how long all of this may take: a writer that waits for ever would be waited for, too."""


def write_for_ever(url: str, folder: str, keys: str, chance: random.Random, answers: int) -> None:
    """Share contents, some in one call and some in parts; say so after each commit."""
    os.fsync = lambda _: None  # a kill leaves the system's cache as it is
    store = BlobStore(folder, KeyRing.load_or_create(keys))
    uploads = Uploads(store, part=10_000)
    engine = open_engine(url)
    for number in count():
        content = chance.randbytes(chance.choice([0, 10, 1000, 300_000]))
        upload = "-"
        if number % 2:
            upload = uploads.create()
            half = len(content) // 2
            uploads.append(upload, 0, [content[:half]])
            uploads.append(upload, half, [content[half:]])
            blob = uploads.finish(upload, hashlib.sha256(content).hexdigest())
        else:
            blob = store.write([content])
        with Session(engine) as session, session.begin():
            append(session, actor="ada", action="share", subject=blob.sha256, detail={})
        os.write(answers, f"{blob.sha256} {upload}\n".encode())
        if number % 7 == 6:
            store.keys.add_generation()
            store.rotate(store.keys)
            uploads.rotate()


def killed_after(child: int, answers: int, count: int, seconds: float) -> str:
    """Kill a process some time after so many answers; return all of its answers."""
    heard = b""
    while heard.count(b"\n") < count:
        more = os.read(answers, 10_000)
        assert more, "the writer ended by itself"
        heard += more
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(answers, 10_000):
        heard += more
    return heard.decode()


def main() -> None:
    """Fork, since a start of Python for each kill would take longer than the test."""
    url, folder, keys, seed, kills = sys.argv[1:]
    chance = random.Random(int(seed))
    signal.alarm(LONGEST_SECONDS)
    open_engine(url).dispose()  # imports the driver
    for _ in range(int(kills)):
        answers, child_answers = os.pipe()
        child = os.fork()
        if child == 0:
            die_with_parent(signal.SIGKILL)
            write_for_ever(url, folder, keys, random.Random(chance.random()), child_answers)
        os.close(child_answers)
        text = killed_after(child, answers, chance.randint(1, 8), chance.uniform(0, 0.02))
        sys.stdout.write(text)
        os.close(answers)


if __name__ == "__main__":
    main()
