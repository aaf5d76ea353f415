"""Data sets of sequences: utterances of unequal length, a log of purchases, a novel."""

from pathlib import Path

import numpy as np
import pytest

from lepton_course.datasets import load_dataset, read_split

MODULE = Path(__file__).resolve().parents[2] / "curriculum" / "basics" / "07_recurrent_networks"


@pytest.fixture(scope="module")
def vowels():
    return load_dataset("japanese_vowels")


@pytest.fixture(scope="module")
def held_out():
    return read_split("japanese_vowels", MODULE / "held_out.npz")


@pytest.fixture(scope="module")
def log():
    return load_dataset("cdnow")


# --- sequences of unequal length ---


def test_half_of_each_speakers_test_utterances_stay_with_the_judge(vowels, held_out):
    assert vowels.is_subset and "the course's subset" in repr(vowels)
    assert np.bincount(vowels.train.labels).tolist() == [30] * 9
    assert np.bincount(vowels.test.labels).tolist() == [16, 18, 44, 22, 15, 12, 20, 25, 15]
    assert np.bincount(held_out.labels).tolist() == [15, 17, 44, 22, 14, 12, 20, 25, 14]
    lengths = np.concatenate([s.lengths for s in (vowels.train, vowels.test, held_out)])
    assert (lengths.min(), lengths.max()) == (7, 29)
    assert repr(vowels.train) == "270 utterances of 7 to 26 steps, 12 channels"


def test_no_utterance_is_in_two_of_training_test_and_held_out(vowels, held_out):
    parts = [part.numpy()[0] for part in (vowels.train, vowels.test, held_out)]
    heard = [{utterance.tobytes() for utterance in part} for part in parts]
    assert [len(part) for part in heard] == [270, 187, 183]
    assert len(set.union(*heard)) == 640


def test_first_utterance_has_the_values_of_the_source(vowels):
    first = vowels.train.numpy()[0][0]
    assert first.shape == (20, 12) and first.dtype == np.float32
    np.testing.assert_allclose(first[:3, 0], [1.860936, 1.891651, 1.939205], atol=1e-6)
    np.testing.assert_allclose(first[:2, 1], [-0.207383, -0.193249], atol=1e-6)


def test_only_padding_is_all_zeros(vowels):
    for part in (vowels.train, vowels.test):
        padding = np.arange(part.steps.shape[1]) >= part.lengths[:, None]
        np.testing.assert_array_equal((part.steps == 0).all(axis=2), padding)


def test_torch_and_tf_forms_of_sequences_are_padded(vowels):
    import torch

    part = vowels.train[[0, 40, 80]]
    sequences, labels = part.numpy()
    x, lengths, y = part.torch()
    assert x.shape == (3, 26, 12) and x.dtype == torch.float32
    assert lengths.dtype == y.dtype == torch.int64
    for sequence, padded, length in zip(sequences, x.numpy(), lengths, strict=True):
        np.testing.assert_array_equal(padded[:length], sequence)
        assert (padded[length:] == 0).all()
    ((x_tf, y_tf),) = part.tf()
    np.testing.assert_array_equal(x_tf.numpy(), x.numpy())
    assert y_tf.numpy().tolist() == y.tolist() == labels.tolist() == [0, 1, 2]


def test_lengths_stay_on_the_cpu(vowels):
    x, lengths, y = vowels.train.torch(device="meta")
    assert x.device.type == y.device.type == "meta"
    assert lengths.device.type == "cpu"


def test_sequences_can_be_held_out(vowels):
    rest, validation = vowels.train.hold_out(45)
    assert (len(rest), len(validation)) == (225, 45)
    assert {s.tobytes() for s in rest.steps}.isdisjoint({s.tobytes() for s in validation.steps})


def test_a_text_has_no_split_that_could_be_read():
    with pytest.raises(ValueError, match="Pride and Prejudice has no labels"):
        read_split("austen", MODULE / "held_out.npz")


# --- a log of events ---


def test_the_log_is_ordered_by_customer_and_day(log):
    customer, day = log.column("customer"), log.column("day")
    assert len(log) == 69_659
    assert set(customer) == set(range(23_570))
    assert (day.min(), day.max()) == (0, 545)  # 1 January 1997 to 30 June 1998
    step = np.diff(customer)
    assert ((step == 1) | ((step == 0) & (np.diff(day) >= 0))).all()
    first_days = day[np.concatenate([[True], step == 1])]
    assert first_days.max() == 83  # everybody bought first in the first twelve weeks


def test_purchases_have_the_values_of_the_source(log):
    third = log[log.column("customer") == 2]
    assert third.column("day").tolist()[:2] == [1, 88]  # 2 January and 30 March
    assert third.column("cds").tolist() == [2, 2, 2, 5, 4, 1]
    assert third.column("dollars").tolist() == [20.76, 20.76, 19.54, 57.45, 20.96, 16.99]


def test_a_log_shows_its_first_rows_and_knows_its_columns(log):
    assert repr(log[:2]).splitlines()[-2:] == [
        "         1        11         1        12",
        "2 purchases",
    ]
    assert log._repr_html_().count("<tr>") == 9
    with pytest.raises(KeyError, match="no column 'price'; there are: customer, day, cds, dollars"):
        log.column("price")
    assert set(log.info.columns) == set(log.columns)


# --- a text ---


def test_the_novel_is_whole():
    novel = load_dataset("austen")
    assert novel.content.startswith("PRIDE AND PREJUDICE\n\nBy Jane Austen")
    assert novel.content.endswith("had been the means of uniting them.\n")
    assert novel.content.count("\nChapter ") == 61
    assert len(novel) == len(novel.content) == 684_768
    assert "684768 characters" in repr(novel)
