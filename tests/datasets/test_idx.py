"""The IDX format: every element type is read, and what is not whole is refused."""

import gzip

import numpy as np
import pytest
from idx_files import idx_bytes

from lepton_course.datasets import IdxError, parse_idx, read_idx
from lepton_course.datasets.idx import gunzip


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(0x08, "u1"), (0x09, "i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")],
)
def test_idx_reads_every_element_type(code, dtype):
    values = np.array([[1, 2, 3], [4, 5, 100]], dtype)
    content = bytes([0, 0, code, 2, 0, 0, 0, 2, 0, 0, 0, 3]) + values.tobytes()
    array = parse_idx(content)
    assert array.dtype.isnative and array.flags.writeable
    assert array.tolist() == values.tolist()


GOOD = idx_bytes(np.arange(6, dtype=np.uint8).reshape(2, 3))
ZIPPED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "too short"),
        (b"<html><body>", "not an IDX file"),
        (b"\0\0\x07" + GOOD[3:], "unknown element type 0x07"),
        (b"\0\0\x08\x00", "header cut off"),
        (GOOD[:9], "header cut off"),
        (GOOD[:-1], "truncated: shape \\(2, 3\\) needs 6 bytes of data, found 5"),
        (GOOD + b"\0", "bytes left over"),
    ],
)
def test_idx_refuses_what_is_not_whole(content, message):
    with pytest.raises(IdxError, match=message):
        parse_idx(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ZIPPED[:-9], "truncated"),
        (GOOD, "not a sound gzip file"),
        (ZIPPED[:10] + b"\xff" * 20, "not a sound gzip file"),
        (ZIPPED[:-8] + b"\0" * 8, "not a sound gzip file"),
    ],
    ids=["cut off", "not zipped", "garbage inside", "wrong checksum"],
)
def test_gzip_file_that_is_damaged_is_refused(tmp_path, content, message):
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(IdxError, match=message):
        read_idx(path)


def test_gzip_file_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(bytes(10_000_000)))
    with pytest.raises(IdxError, match="larger than the 1000 bytes"):
        gunzip(path, max_bytes=1000)
