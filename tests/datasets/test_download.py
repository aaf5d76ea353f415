"""The loader against a real HTTP server on this machine that fails in every way servers fail."""

import gzip
import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from lepton_course.datasets import CATALOGUE, DataFile, DownloadError, Patience, download
from lepton_course.datasets.load import cache_folder, load_dataset

CONTENT = np.random.default_rng(0).integers(0, 256, 200_000, np.uint8).tobytes()
PACKED = gzip.compress(CONTENT, mtime=0)
FILE = DataFile("data.gz", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
HURRY = Patience(connect=1, read=0.3, rounds=2, pause=0.01)


@dataclass
class Server:
    """A local server; `answers` are used one per request, the last one for all that follow."""

    url: str
    answers: list[Callable] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)  # Range header of each request


@pytest.fixture
def start_server():
    """A function that starts a server with the given answers; all are stopped at the end."""
    running = []

    def start(*answers: Callable) -> Server:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                state.ranges.append(self.headers.get("Range"))
                answer = state.answers[0]
                if len(state.answers) > 1:
                    state.answers.pop(0)
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True  # the client gave up, as it should

            def log_message(self, *arguments):
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        http.daemon_threads = True
        state = Server(f"http://127.0.0.1:{http.server_port}/", list(answers))
        threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
        running.append(http)
        return state

    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def send(body: bytes = PACKED, status: int = 200, kind: str = "application/gzip"):
    """Answer with `body`; a request for a range gets the whole file, as simple servers do."""

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def send_range(body: bytes = PACKED):
    """Answer as a server that can resume: 206 with what was asked for, 416 past the end."""

    def answer(handler):
        match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
        if not match:
            return send(body)(handler)
        start = int(match[1])
        if start >= len(body):
            return send(b"", status=416)(handler)
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        handler.wfile.write(body[start:])
        return None

    return answer


def cut_after(count: int, body: bytes = PACKED):
    """Announce the whole file, send `count` bytes of it and hang up."""

    def answer(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:count])
        handler.wfile.flush()
        handler.close_connection = True

    return answer


def hang(handler):
    """Accept the request and say nothing for longer than the client waits."""
    time.sleep(1)
    handler.close_connection = True


def trickle(handler):
    """Never silent long enough for a time-out, but a few bytes at a time."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(PACKED)))
    handler.end_headers()
    for i in range(0, 600, 3):
        handler.wfile.write(PACKED[i : i + 3])
        time.sleep(0.01)
    handler.close_connection = True


def dead_url() -> str:
    """The address of a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/"


def left_in(folder) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_a_good_mirror_gives_the_file(start_server, tmp_path):
    server = start_server(send())
    path = download(FILE, [server.url], tmp_path, HURRY)
    assert gzip.decompress(path.read_bytes()) == CONTENT
    assert left_in(tmp_path) == {"data.gz"}


def test_a_file_that_is_there_is_not_fetched_again(start_server, tmp_path):
    server = start_server(send())
    download(FILE, [server.url], tmp_path, HURRY)
    download(FILE, [server.url], tmp_path, HURRY)
    assert len(server.ranges) == 1


def test_a_damaged_file_in_the_cache_is_replaced(start_server, tmp_path):
    (tmp_path / FILE.name).write_bytes(PACKED[:-100])
    path = download(FILE, [start_server(send()).url], tmp_path, HURRY)
    assert path.read_bytes() == PACKED


def test_other_compression_of_the_same_content_is_accepted(start_server, tmp_path):
    server = start_server(send(gzip.compress(CONTENT, compresslevel=1)))
    assert gzip.decompress(download(FILE, [server.url], tmp_path, HURRY).read_bytes()) == CONTENT


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (send(PACKED[:-1000]), "data.gz.part is truncated"),
        (send(PACKED[:5000] + b"\0" * 50 + PACKED[5050:]), "wrong content"),
        (send(gzip.compress(CONTENT[::-1])), "has SHA-256 [0-9a-f]{64}, expected"),
        (send(gzip.compress(CONTENT + b"more")), "larger than the 200000 bytes"),
        (send(b"<!DOCTYPE html><p>Please log in", kind="text/html"), "a web page instead of data"),
        (send(b"plain nonsense"), "no gzip file"),
        (send(b""), "an empty answer"),
        (send(b"gone", status=404), "HTTP status 404"),
        (send(b"busy", status=503), "HTTP status 503"),
        (cut_after(1000), "data.gz"),
        (hang, "timed out"),
    ],
    ids=[
        "truncated",
        "corrupted",
        "wrong hash",
        "too long",
        "HTML instead of data",
        "text instead of data",
        "empty",
        "not found",
        "busy",
        "cut off",
        "silent",
    ],
)
def test_a_bad_answer_is_named_and_leaves_no_file(start_server, tmp_path, answer, message):
    server = start_server(answer)
    with pytest.raises(DownloadError, match=message) as caught:
        download(FILE, [server.url], tmp_path, HURRY)
    assert server.url in str(caught.value)
    assert not (tmp_path / FILE.name).exists()


@pytest.mark.parametrize(
    "answer",
    [send(PACKED[:-1000]), send(b"<html>"), send(b"", status=500), cut_after(70_000), hang],
    ids=["truncated", "HTML", "server error", "cut off", "silent"],
)
def test_the_second_mirror_helps_when_the_first_fails(start_server, tmp_path, answer):
    bad, good = start_server(answer), start_server(send_range())
    assert download(FILE, [bad.url, good.url], tmp_path, HURRY).read_bytes() == PACKED
    assert len(good.ranges) == 1
    assert left_in(tmp_path) == {"data.gz"}


def test_the_second_mirror_helps_when_the_first_is_dead(start_server, tmp_path):
    good = start_server(send())
    assert download(FILE, [dead_url(), good.url], tmp_path, HURRY).read_bytes() == PACKED


def test_refused_connection_is_reported_in_words(tmp_path):
    with pytest.raises(DownloadError, match="Connection refused"):
        download(FILE, [dead_url()], tmp_path, HURRY)


def test_a_busy_server_is_asked_again_after_a_pause(start_server, tmp_path):
    server = start_server(send(b"", status=503), send(b"", status=503), send())
    patience = replace(HURRY, rounds=3, pause=0.1)
    began = time.monotonic()
    assert download(FILE, [server.url], tmp_path, patience).read_bytes() == PACKED
    assert time.monotonic() - began >= 0.1 + 0.2  # the pause doubles


def test_a_mirror_with_wrong_content_is_not_asked_again(start_server, tmp_path):
    server = start_server(send(b"<html>"))
    with pytest.raises(DownloadError):
        download(FILE, [server.url], tmp_path, replace(HURRY, rounds=5))
    assert len(server.ranges) == 1


def test_a_trickling_server_is_left(start_server, tmp_path):
    slow, good = start_server(trickle), start_server(send_range())
    patience = replace(HURRY, slow_after=0.2, slow_below=100_000)
    assert download(FILE, [slow.url, good.url], tmp_path, patience).read_bytes() == PACKED
    with pytest.raises(DownloadError, match="too slow"):
        download(FILE, [slow.url], tmp_path / "other", replace(patience, rounds=1))


def test_a_cut_download_resumes_where_it_stopped(start_server, tmp_path):
    server = start_server(cut_after(70_000), send_range())
    assert download(FILE, [server.url], tmp_path, HURRY).read_bytes() == PACKED
    assert server.ranges == [None, "bytes=70000-"]


def test_a_download_interrupted_in_an_earlier_session_resumes(start_server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(PACKED[:1234])
    server = start_server(send_range())
    assert download(FILE, [server.url], tmp_path, HURRY).read_bytes() == PACKED
    assert server.ranges == ["bytes=1234-"]


def test_a_whole_part_needs_no_more_bytes(start_server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(PACKED)
    assert download(FILE, [start_server(send_range()).url], tmp_path, HURRY).read_bytes() == PACKED


def test_a_server_that_cannot_resume_sends_all_again(start_server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(PACKED[:1234])
    assert download(FILE, [start_server(send()).url], tmp_path, HURRY).read_bytes() == PACKED


def test_a_part_of_another_file_is_thrown_away(start_server, tmp_path):
    (tmp_path / "data.gz.part").write_bytes(b"x" * 5000)
    server = start_server(send_range())
    assert download(FILE, [server.url], tmp_path, HURRY).read_bytes() == PACKED
    assert server.ranges == ["bytes=5000-", None]


def test_two_that_ask_at_once_fetch_it_once(start_server, tmp_path):
    server = start_server(send())
    arguments = (FILE, [server.url], tmp_path, HURRY)
    threads = [threading.Thread(target=download, args=arguments) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / FILE.name).read_bytes() == PACKED
    assert len(server.ranges) == 1


# --- the whole way, through load_dataset ---


@pytest.fixture
def served(start_server, tmp_path, monkeypatch):
    """A data set of 3 + 3 images that a local server has, and an empty user cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LEPTON_OFFLINE", raising=False)
    images = bytes([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(196)) * 12
    labels = bytes([0, 0, 8, 1, 0, 0, 0, 3]) + bytes([5, 7, 9])
    packed = {"images.gz": gzip.compress(images), "labels.gz": gzip.compress(labels)}
    images_file, labels_file = (
        DataFile(name, hashlib.sha256(content).hexdigest(), len(content))
        for name, content in (("images.gz", images), ("labels.gz", labels))
    )

    def answer(handler):
        send(packed[handler.path.strip("/")])(handler)

    return replace(
        CATALOGUE["fashion_mnist"],
        name="served",
        train_images=images_file,
        train_labels=labels_file,
        test_images=images_file,
        test_labels=labels_file,
        mirrors=(start_server(answer).url,),
        system_folders=(),
    )


def test_the_full_set_is_downloaded_once_and_then_cached(served):
    data = load_dataset(served, subset=False, patience=HURRY)
    assert not data.is_subset
    assert data.train.images.shape == (3, 28, 28)
    assert data.test.labels.tolist() == [5, 7, 9]
    unreachable = replace(served, mirrors=(dead_url(),))
    assert not load_dataset(unreachable, subset=False, patience=HURRY).is_subset


def test_a_damaged_cache_is_mended(served):
    load_dataset(served, subset=False, patience=HURRY)
    path = cache_folder(served) / "images.gz"
    path.write_bytes(path.read_bytes()[:-5])
    assert not load_dataset(served, subset=False, patience=HURRY).is_subset


def test_without_any_mirror_the_subset_is_used_and_said_to_be(served, capsys):
    data = load_dataset(replace(served, mirrors=(dead_url(),)), subset=False, patience=HURRY)
    assert data.is_subset
    said = capsys.readouterr().out
    assert "this is the course's subset of 10000 + 2000 images" in said
    assert "labels.gz could not be downloaded" in said
