"""Data sets: the catalogue, the shipped files and the forms of a split."""

import gzip
import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from idx_files import idx_bytes

from lepton_course.datasets import CATALOGUE, DataFile, load_dataset

ROOT = Path(__file__).resolve().parents[2]
FASHION = CATALOGUE["fashion_mnist"]
CREDIT = CATALOGUE["credit"]
BASICS = ROOT / "curriculum" / "basics"
HELD_OUT = BASICS / "05_convolutional_networks" / "held_out.npz"
HELD_OUT_CREDIT = BASICS / "01_tensors_and_gradients" / "held_out.npz"
SHIPPED_AS_ONE = ("japanese_vowels", "cdnow", "chicago", "austen", "mnist1d")
HELD_OUT_VOWELS = BASICS / "07_recurrent_networks" / "held_out.npz"
HELD_OUT_TRACES = BASICS / "03_neural_networks" / "held_out.npz"
HELD_OUT_WORKERS = BASICS.parent / "advanced" / "02_distributed_training" / "held_out.npz"
FILES = [
    (FASHION, FASHION.subset),
    (FASHION, HELD_OUT),
    (CREDIT, CREDIT.subset),
    (FASHION, HELD_OUT_WORKERS),
    (CREDIT, HELD_OUT_CREDIT),
    (CATALOGUE["japanese_vowels"], HELD_OUT_VOWELS),
    (CATALOGUE["mnist1d"], HELD_OUT_TRACES),
    *((CATALOGUE[name], CATALOGUE[name].subset) for name in SHIPPED_AS_ONE),
]


@pytest.fixture(scope="module")
def data():
    return load_dataset("fashion_mnist")


# --- the catalogue and the shipped files ---


@pytest.mark.parametrize("info", CATALOGUE.values(), ids=lambda info: info.name)
def test_catalogue_states_task_size_licence_origin_and_checksum(info):
    for text in (info.task, info.full_size, info.subset_size, info.licence, info.citation):
        assert text
    assert info.origin.startswith("https://")
    assert hashlib.sha256(info.subset.read_bytes()).hexdigest() == info.subset_sha256
    assert "PERMISSION" in (info.subset.parent / "LICENSE.txt").read_text(encoding="utf-8").upper()


def test_full_images_can_be_had_from_several_mirrors():
    assert len(FASHION.mirrors) >= 2
    assert all(len(file.sha256) == 64 for file in FASHION.files)


@pytest.mark.parametrize(("info", "path"), FILES, ids=lambda value: getattr(value, "name", value))
def test_file_has_the_checksum_licence_and_origin_written_beside_it(info, path):
    about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == about["sha256"]
    assert about["licence"] == info.licence
    assert about["origin"] == info.origin
    with np.load(path, allow_pickle=False) as arrays:
        for name, facts in about["arrays"].items():
            assert hashlib.sha256(arrays[name].tobytes()).hexdigest() == facts["sha256"]


def test_subset_is_balanced_and_so_is_every_slice_of_tens(data):
    assert np.bincount(data.train.labels).tolist() == [1000] * 10
    assert np.bincount(data.test.labels).tolist() == [200] * 10
    assert np.bincount(data.train[:500].labels).tolist() == [50] * 10


def test_no_image_is_in_two_of_training_test_and_held_out(data):
    with np.load(HELD_OUT, allow_pickle=False) as arrays:
        held_out = arrays["images"]
        assert np.bincount(arrays["labels"]).tolist() == [200] * 10
    splits = [{im.tobytes() for im in part} for part in (data.train.images, data.test.images)]
    splits.append({image.tobytes() for image in held_out})
    assert [len(split) for split in splits] == [10_000, 2_000, 2_000]
    assert len(set.union(*splits)) == 14_000


@pytest.mark.skipif(
    not any(folder.is_dir() for folder in FASHION.system_folders),
    reason="the full set (Debian's dataset-fashion-mnist) is not installed",
)
def test_conversion_script_makes_the_same_arrays_again(tmp_path):
    folder = next(folder for folder in FASHION.system_folders if folder.is_dir())
    new = {"--subset": tmp_path / "subset.npz", "--held-out": tmp_path / "held_out.npz"}
    script = [sys.executable, "tools/convert_fashion_mnist.py", str(folder)]
    options = [str(part) for pair in new.items() for part in pair]
    subprocess.run([*script, *options], cwd=ROOT, check=True)
    for path, old in zip(new.values(), (FASHION.subset, HELD_OUT), strict=True):
        with np.load(path) as a, np.load(old) as b:
            assert all((a[name] == b[name]).all() for name in b.files)


# --- the forms ---


def test_numpy_form_is_what_is_stored(data):
    images, labels = data.train.numpy()
    assert images.dtype == np.uint8 and images.shape == (10_000, 28, 28)
    assert labels.dtype == np.int64 and labels.shape == (10_000,)
    assert images.max() == 255
    assert data.classes[labels[0]] == "Ankle boot"


def test_torch_form_has_a_channel_and_lies_between_0_and_1(data):
    import torch

    x, y = data.test.torch()
    assert x.dtype == torch.float32 and x.shape == (2_000, 1, 28, 28)
    assert y.dtype == torch.int64 and y.shape == (2_000,)
    assert x.min() == 0 and x.max() == 1
    np.testing.assert_allclose(x[7, 0].numpy() * 255, data.test.images[7], atol=1e-4)
    assert data.test.torch(device="meta")[0].device.type == "meta"


def test_tf_form_has_its_channel_last_and_the_same_values(data):
    part = data.test[:100]
    x_torch, y_torch = part.torch()
    sizes, seen_x, seen_y = [], [], []
    for x, y in part.tf(batch_size=64):
        sizes.append(tuple(x.shape))
        seen_x.append(x.numpy())
        seen_y.append(y.numpy())
    assert sizes == [(64, 28, 28, 1), (36, 28, 28, 1)]
    np.testing.assert_allclose(np.concatenate(seen_x)[..., 0], x_torch[:, 0].numpy(), atol=1e-7)
    assert (np.concatenate(seen_y) == y_torch.numpy()).all()


def test_shuffled_tf_form_has_the_same_images_in_another_order(data):
    part = data.test[:50]
    labels = np.concatenate([y.numpy() for _, y in part.tf(16, shuffle=True, seed=0)])
    assert sorted(labels) == sorted(part.labels)
    assert (labels != part.labels).any()


def test_hold_out_splits_without_overlap(data):
    train, validation = data.train.hold_out(2_000, seed=1)
    assert (len(train), len(validation)) == (8_000, 2_000)
    seen = {im.tobytes() for im in train.images} | {im.tobytes() for im in validation.images}
    assert len(seen) == 10_000
    again = data.train.hold_out(2_000, seed=1)[1]
    assert (again.labels == validation.labels).all()


def test_hold_out_refuses_a_size_that_leaves_nothing(data):
    with pytest.raises(ValueError, match="between 1 and 9"):
        data.train[:10].hold_out(10)


def test_one_index_gives_a_split_of_one_image(data):
    assert data.train[3].images.shape == (1, 28, 28)
    assert data.train[3].labels.tolist() == [data.train.labels[3]]


def test_unknown_name_is_answered_with_the_names_that_exist():
    with pytest.raises(ValueError, match="no data set named 'mnist'.*fashion_mnist"):
        load_dataset("mnist")


def test_a_dataset_says_what_it_is(data):
    assert "Fashion-MNIST (the course's subset): 10000 training and 2000 test images" in repr(data)


# --- a table: credit applications ---


@pytest.fixture(scope="module")
def credit():
    return load_dataset("credit")


def test_a_table_keeps_its_columns(credit):
    train = credit.train
    assert (len(train), len(credit.test)) == (2_452, 1_000)
    assert train.column("age").dtype == np.float32
    assert 18 <= train.column("age").min() <= train.column("age").max() <= 70
    assert set(train.column("records")) == {"no", "yes"}
    assert np.isnan(train.column("income")).any()
    assert "" in train.column("home")
    with pytest.raises(KeyError, match="no column 'sex'.*seniority.*marital"):
        train.column("sex")


def test_about_three_loans_in_ten_go_bad_in_each_part(credit):
    for part in (credit.train, credit.test):
        assert 0.25 < (part.labels == credit.classes.index("bad")).mean() < 0.32


def test_numeric_form_of_a_table_has_a_column_for_each_category(credit):
    x, y = credit.train.numpy()
    features = credit.info.features
    assert x.dtype == np.float32 and x.shape == (2_452, len(features)) == (2_452, 26)
    assert y.dtype == np.int64 and set(y) == {0, 1}
    income, fixed = features.index("income"), features.index("job=fixed")
    np.testing.assert_array_equal(x[:, income], credit.train.column("income"))
    np.testing.assert_array_equal(x[:, fixed] == 1, credit.train.column("job") == "fixed")
    jobs = [i for i, name in enumerate(features) if name.startswith("job=")]
    missing = credit.train.column("job") == ""
    assert (x[:, jobs].sum(axis=1) == np.where(missing, 0, 1)).all()


def test_torch_and_tf_forms_of_a_table_have_the_numpy_values(credit):
    import torch

    part = credit.test[:100]
    x, y = part.numpy()
    x_torch, y_torch = part.torch()
    assert x_torch.dtype == torch.float32 and y_torch.dtype == torch.int64
    np.testing.assert_array_equal(x_torch.numpy(), x)
    np.testing.assert_array_equal(y_torch.numpy(), y)
    batches = list(part.tf(batch_size=64))
    assert [tuple(batch.shape) for batch, _ in batches] == [(64, 26), (36, 26)]
    np.testing.assert_array_equal(np.concatenate([batch.numpy() for batch, _ in batches]), x)
    np.testing.assert_array_equal(np.concatenate([labels.numpy() for _, labels in batches]), y)
    assert part.torch(device="meta")[0].device.type == "meta"


def test_no_application_is_in_two_of_training_test_and_held_out(credit):
    with np.load(HELD_OUT_CREDIT, allow_pickle=False) as arrays:
        held_out = list(zip(arrays["numbers"], arrays["codes"], strict=True))
    splits = [list(zip(s.numbers, s.codes, strict=True)) for s in (credit.train, credit.test)]
    rows = [{n.tobytes() + c.tobytes() for n, c in split} for split in (*splits, held_out)]
    # Two training applications state the same facts; one of them went bad, the other did not.
    assert [len(part) for part in rows] == [2_451, 1_000, 1_000]
    assert len(set.union(*rows)) == 4_451


def test_a_table_shows_its_first_rows(credit):
    few = credit.train[credit.train.column("home") == ""][:1]
    text, html = repr(few), few._repr_html_()
    assert "seniority" in text and "label" in text and text.endswith("1 applications")
    assert "–" in text and "nan" not in text
    assert html.count("<tr>") == 2 and "<th>records</th>" in html


def test_a_table_can_be_held_out_too(credit):
    rest, validation = credit.train.hold_out(500, seed=3)
    assert (len(rest), len(validation)) == (1_952, 500)
    assert rest.column("job").shape == (1_952,)


def test_there_is_no_larger_table_to_load():
    with pytest.raises(ValueError, match="ships with the course"):
        load_dataset("credit", subset=False)


# --- the full set on this machine ---


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A data set of 4 + 2 images as operating systems install it, and an empty user cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LEPTON_OFFLINE", "1")
    folder = tmp_path / "system"
    folder.mkdir()

    def make(name: str, array: np.ndarray) -> DataFile:
        content = idx_bytes(array)
        (folder / name).write_bytes(gzip.compress(content))
        return DataFile(name, hashlib.sha256(content).hexdigest(), len(content))

    rng = np.random.default_rng(0)
    return replace(
        FASHION,
        train_images=make("train-images.gz", rng.integers(0, 256, (4, 28, 28), np.uint8)),
        train_labels=make("train-labels.gz", np.array([0, 1, 2, 3], np.uint8)),
        test_images=make("test-images.gz", rng.integers(0, 256, (2, 28, 28), np.uint8)),
        test_labels=make("test-labels.gz", np.array([8, 9], np.uint8)),
        mirrors=(),
        system_folders=(folder,),
    )


def test_full_set_is_found_where_the_operating_system_put_it(tiny):
    data = load_dataset(tiny, subset=False)
    assert not data.is_subset
    assert data.train.labels.tolist() == [0, 1, 2, 3]
    assert data.test.images.shape == (2, 28, 28)


def test_offline_without_the_full_set_gives_the_subset_and_says_so(tiny, capsys):
    data = load_dataset(replace(tiny, system_folders=()), subset=False)
    assert data.is_subset and len(data.train) == 10_000
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "subset of 10000 + 2000 images" in said and "LEPTON_OFFLINE is set" in said


def test_a_damaged_system_file_is_not_used(tiny, capsys):
    path = tiny.system_folders[0] / tiny.test_labels.name
    path.write_bytes(gzip.compress(idx_bytes(np.array([1, 1], np.uint8))))
    assert load_dataset(tiny, subset=False).is_subset
