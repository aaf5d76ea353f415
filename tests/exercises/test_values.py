"""Plain values: what crosses from an answer to its judge, and what is refused."""

import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from lepton_course.exercises.values import InvalidValue, Opaque, dumps, loads, plain, same

TREE = {
    "nothing": None,
    "flags": [True, False],
    "numbers": (1, -2.5, float("inf"), 2**70),
    "text": "Größe µ",
    "image": np.arange(6, dtype=np.uint8).reshape(2, 3),
    "weights": torch.tensor([[0.5, float("nan")]]),
    "empty": {},
}


def test_a_tree_survives_the_way_through_bytes():
    assert same(loads(dumps(TREE)), TREE)


def test_without_arrays_the_rest_of_a_tree_is_read():
    read = loads(dumps(TREE), with_arrays=False)
    assert isinstance(read["image"], Opaque) and isinstance(read["weights"], Opaque)
    assert {**read, "image": 0, "weights": 0} == {**TREE, "image": 0, "weights": 0}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (torch.Size([2, 3]), (2, 3)),
        (object(), Opaque("object")),
        ([{1: "keys must be strings"}], [Opaque("dict")]),
        (np.array([object()]), Opaque("an array of objects")),
        (np.ma.masked_array([1]), Opaque("MaskedArray")),
        (..., Opaque("ellipsis")),
    ],
)
def test_plain(value, expected):
    assert plain(value) == expected


def test_plain_tensors_are_cut_from_the_graph():
    assert not plain(torch.ones(2, requires_grad=True) * 2).requires_grad


def test_a_cyclic_list_ends():
    endless: list = []
    endless.append(endless)
    assert "too deeply" in repr(plain(endless))


class Malicious:
    def __reduce__(self):
        return (print, ("this code must not run",))


def npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return buffer.getvalue()


def npy(array: np.ndarray, allow_pickle: bool = False) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=allow_pickle)
    return buffer.getvalue()


def text(json: str) -> bytes:
    return npy(np.frombuffer(json.encode(), dtype=np.uint8))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a zip",
        pickle.dumps([1, 2]),
        npz(tree=text("[1, 2")),
        npz(tree=text('{"array": 0}')),
        npz(tree=text('{"array": "../../etc/passwd"}')),
        npz(tree=text('{"import": "os"}')),
        npz(tree=text('{"tuple": 3}')),
        npz(tree=text("[" * 60 + "]" * 60)),
        npz(tree=text('{"array": 0}'), a0=npy(np.array([Malicious()]), allow_pickle=True)),
        dumps(TREE)[:-30],
    ],
)
def test_bad_bytes_are_refused(data, capsys):
    with pytest.raises(InvalidValue):
        loads(data)
    assert capsys.readouterr().out == ""


def test_a_small_file_that_unpacks_to_a_large_one_is_refused():
    bomb = dumps(np.zeros(2_000_000))
    assert len(bomb) < 20_000
    with pytest.raises(InvalidValue, match="unpacked"):
        loads(bomb, max_bytes=1_000_000)


def test_what_is_not_plain_cannot_be_written():
    with pytest.raises(InvalidValue, match="object"):
        dumps([object()])
