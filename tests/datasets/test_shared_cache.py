"""Whoever may write to a shared folder of downloads cannot lead them elsewhere, or hold them up.

Nor can a mirror fill the disk.
"""

import contextlib
import gzip
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lepton_course.datasets import DataFile, DownloadError, Patience, download

CONTENT = b"data" * 1000
PACKED = gzip.compress(CONTENT, mtime=0)
FILE = DataFile("data.gz", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
HURRY = Patience(connect=1, read=1, rounds=1, pause=0.01)


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


class WithoutEnd(Silent):
    """Sends the file, and then more for as long as anybody takes it."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(PACKED)
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(bytes(100_000))


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """The address of a server that has the file."""
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/data.gz").write_bytes(PACKED)
    with serving(partial(Silent, directory=str(tmp_path / "mirror"))) as address:
        yield address


@contextlib.contextmanager
def serving(handler: Callable[..., SimpleHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that answers in this way."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.parametrize("name", ["data.gz.part", "data.gz", "data.gz.lock"])
@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe"])
def test_what_somebody_has_put_there_is_neither_followed_nor_waited_for(
    mirror, tmp_path, name, kind
):
    if name.endswith(".lock") and kind != "link":
        pytest.skip("a lock that cannot be taken is an error")
    mine = tmp_path / "mine.txt"
    if kind != "link to nothing":
        mine.write_text("my own")
    folder = tmp_path / "shared"
    folder.mkdir()
    if kind == "pipe":
        os.mkfifo(folder / name)
    else:
        (folder / name).symlink_to(mine)
    try:
        path = download(FILE, [mirror], folder, HURRY)
        assert path.read_bytes() == PACKED and not path.is_symlink()
    except OSError:
        assert name.endswith(".lock")
    assert mine.exists() == (kind != "link to nothing")
    assert not mine.exists() or mine.read_text() == "my own"


def test_a_link_to_the_sound_file_is_kept(tmp_path):
    (tmp_path / "elsewhere.gz").write_bytes(PACKED)
    (tmp_path / "data.gz").symlink_to(tmp_path / "elsewhere.gz")
    assert download(FILE, [], tmp_path, HURRY).is_symlink()


def test_another_name_of_a_file_of_mine_is_not_written_through(mirror, tmp_path):
    mine, folder = tmp_path / "mine.gz", tmp_path / "shared"
    mine.write_bytes(b"\x1f\x8b of my own")
    folder.mkdir()
    os.link(mine, folder / "data.gz.part")
    assert download(FILE, [mirror], folder, HURRY).read_bytes() == PACKED
    assert mine.read_bytes() == b"\x1f\x8b of my own"


def test_a_mirror_that_sends_without_end_is_left(tmp_path):
    with serving(WithoutEnd) as address, pytest.raises(DownloadError, match="more data than"):
        download(FILE, [address], tmp_path, HURRY)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
