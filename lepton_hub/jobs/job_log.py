"""Job logs: sanitised, bounded in length, and readable from any position."""

from __future__ import annotations

import codecs
import re
from itertools import pairwise

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from lepton_hub.jobs.job_tables import ComputeJob, JobLogPiece

HEAD_BYTES, TAIL_BYTES = 768 * 1024, 64 * 1024
"""Bytes of an attempt's output to keep: its head and its tail. All earlier attempts together keep
as much again."""
MOST_PLACE = 2**30
"""The last position of a log, reached only by jobs that fail thousands of times."""
PIECE = 64 * 1024
ANSWER = 256 * 1024
CUT = "\n… output left out …\n"

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def plain_text(text: str) -> str:
    r"""Return text without terminal escape sequences, control characters and bidi controls.

    Lone surrogates, which no database can store, are removed too.

    >>> plain_text("a\r\n\x1b[31mred\x1b[0m\x00 50%\r100%")
    'a\nred 50%\n100%'
    """
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


class BoundedLog:
    """One attempt's output: takes bytes as they arrive, and gives a head and a tail as text."""

    def __init__(self, head: int = HEAD_BYTES, tail: int = TAIL_BYTES) -> None:
        self._left, self._most_tail = head, tail
        self._tail = bytearray()
        self._dropped = False
        self._ready = bytearray()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def add(self, data: bytes) -> None:
        """Add printed bytes."""
        now = data[: self._left]
        self._ready += now
        self._left -= len(now)
        later = data[len(now) :]
        if later:
            self._tail += later[-self._most_tail :]
            self._dropped |= len(self._tail) > self._most_tail or len(later) > self._most_tail
            del self._tail[: -self._most_tail]

    def take(self, last: bool = False) -> str:
        """Return new output as text. last: no more will come, so return the tail, too."""
        text = self._decoder.decode(bytes(self._ready), final=last)
        self._ready.clear()
        if last and self._tail:
            text += CUT if self._dropped else ""
            text += self._tail.decode("utf-8", "replace")
            self._tail.clear()
        text = self._rest + text
        # An escape sequence or a line end may be incomplete.
        cut = len(text) if last else _whole(text)
        self._rest = text[cut:]
        return plain_text(text[:cut])


def write_log(session: Session, job: ComputeJob, text: str) -> None:
    """Append to a job's log; the job is locked, so appends are serialised."""
    while text and job.log_bytes < MOST_PLACE:
        piece, text = text[:PIECE], text[PIECE:]
        session.add(JobLogPiece(job_id=job.id, start=job.log_bytes, text=piece))
        job.log_bytes += len(piece.encode())
    session.flush()


def begin_attempt(session: Session, job: ComputeJob) -> None:
    """Mark the start of a new attempt in a job's log, and drop the middle of the earlier ones.

    Positions in the log stay valid for readers.
    """
    if not job.log_bytes:
        return
    query = select(JobLogPiece.start).where(JobLogPiece.job_id == job.id)
    starts = [*session.scalars(query.order_by(JobLogPiece.start)), job.log_bytes]
    last = job.log_bytes - TAIL_BYTES
    middle = [
        (begin, end) for begin, end in pairwise(starts) if begin >= HEAD_BYTES and end <= last
    ]
    if middle and middle[-1][1] - middle[0][0] > len(CUT.encode()):
        begin = middle[0][0]
        left_out = JobLogPiece.start.between(begin, middle[-1][0])
        session.execute(delete(JobLogPiece).where(JobLogPiece.job_id == job.id, left_out))
        session.add(JobLogPiece(job_id=job.id, start=begin, text=CUT))
    write_log(session, job, f"\n— attempt {job.attempt} —\n")


def read_log(session: Session, job: ComputeJob, after: int, most: int = ANSWER) -> tuple[str, int]:
    """Return a part of a job's log from a position on, and the next position.

    A part begins and ends between characters, and ends before a gap.
    """
    query = select(JobLogPiece).where(
        JobLogPiece.job_id == job.id, JobLogPiece.start + 4 * PIECE > after
    )
    found = bytearray()
    place = after
    for piece in session.scalars(query.order_by(JobLogPiece.start)):
        data = piece.text.encode()
        if piece.start + len(data) <= place:
            continue
        if piece.start > place:
            if found:
                break
            after = place = piece.start
        found += data[place - piece.start :]
        place = piece.start + len(data)
        if len(found) >= most:
            break
    begin = 0
    while begin < min(4, len(found)) and found[begin] & 0xC0 == 0x80:
        begin += 1  # in the middle of a character
    part = bytes(found[begin : begin + most])
    text = part.decode("utf-8", "ignore")
    return text, after + begin + len(text.encode())


def _whole(text: str) -> int:
    """Return the length of the prefix that can be sanitised without seeing what follows."""
    if text.endswith("\r"):
        return len(text) - 1
    escape = text.rfind("\x1b", max(0, len(text) - 64))
    return len(text) if escape < 0 or _ESCAPES.match(text, escape) else escape
