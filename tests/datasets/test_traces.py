"""The data set of traces: what ships, what stays with the judge, and its forms."""

from pathlib import Path

import numpy as np
import pytest

from lepton_course.datasets import load_dataset, read_split

MODULE = Path(__file__).resolve().parents[2] / "curriculum" / "basics" / "03_neural_networks"


@pytest.fixture(scope="module")
def data():
    return load_dataset("mnist1d")


def test_traces_have_the_sizes_of_the_source(data):
    assert repr(data.train) == "4000 traces of 40 steps"
    assert len(data.train) + len(data.test) == 5000
    labels = np.concatenate([data.train.labels, data.test.labels])
    assert np.bincount(labels).tolist() == [500] * 10
    traces = np.concatenate([data.train.traces, data.test.traces])
    assert traces.dtype == np.float32
    assert abs(traces.mean()) < 1e-5 and abs(traces.std() - 1) < 1e-5


def test_no_trace_is_in_two_of_training_test_and_held_out(data):
    held_out = read_split("mnist1d", MODULE / "held_out.npz")
    assert np.bincount(held_out.labels).tolist() == [250] * 10
    parts = [{t.tobytes() for t in part.traces} for part in (data.train, data.test, held_out)]
    assert [len(part) for part in parts] == [4000, 1000, 2500]
    assert len(set.union(*parts)) == 7500


def test_all_forms_have_the_same_values(data):
    import torch

    part = data.train[:5]
    traces, labels = part.numpy()
    x, y = part.torch()
    assert x.shape == (5, 40) and x.dtype == torch.float32 and y.dtype == torch.int64
    ((x_tf, y_tf),) = part.tf()
    np.testing.assert_array_equal(x.numpy(), traces)
    np.testing.assert_array_equal(x_tf.numpy(), traces)
    assert y.tolist() == y_tf.numpy().tolist() == labels.tolist()


def test_traces_can_be_held_out(data):
    rest, validation = data.train.hold_out(500)
    assert (len(rest), len(validation)) == (3500, 500)
    assert {t.tobytes() for t in rest.traces}.isdisjoint({t.tobytes() for t in validation.traces})
