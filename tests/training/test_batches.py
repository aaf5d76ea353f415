"""Mini-batches by index: every example once, in an order that a seed repeats."""

import numpy as np
import pytest
import torch

from lepton_course.training.minibatches import batches

N = 10


@pytest.fixture(params=["torch", "numpy"])
def xy(request):
    """x (10, 2) with its row's number in it, y (10,) the number itself."""
    y = np.arange(N)
    x = np.stack([y, -y], axis=1).astype(np.float32)
    return (torch.from_numpy(x), torch.from_numpy(y)) if request.param == "torch" else (x, y)


def order(loader) -> list[int]:
    return [int(label) for _, y in loader for label in y]


def test_every_example_comes_once_with_its_own_label(xy):
    seen = list(batches(*xy, 4))
    assert [len(y) for _, y in seen] == [4, 4, 2]
    assert sorted(order(seen)) == list(range(N))
    assert all((x[:, 0] == y).all() for x, y in seen)


@pytest.mark.parametrize(
    ("drop_last", "sizes"), [(False, [4, 4, 2]), (True, [4, 4])], ids=["kept", "dropped"]
)
def test_the_last_batch(xy, drop_last, sizes):
    loader = batches(*xy, 4, drop_last=drop_last)
    assert [len(y) for _, y in loader] == sizes
    assert len(loader) == len(sizes)


def test_without_shuffling_the_order_is_kept(xy):
    assert order(batches(*xy, 3, shuffle=False)) == list(range(N))


def test_each_pass_has_a_new_order_and_a_seed_repeats_them_all(xy):
    loader = batches(*xy, 3, seed=0)
    first, second = order(loader), order(loader)
    assert first != second
    again = batches(*xy, 3, seed=0)
    assert [order(again), order(again)] == [first, second]
    assert order(batches(*xy, 3, seed=1)) != first


def test_the_global_generator_is_used_without_a_seed(xy):
    from lepton_course.seeds import seed_everything

    seed_everything(5)
    first = order(batches(*xy, 3))
    seed_everything(5)
    assert order(batches(*xy, 3)) == first


def test_a_generator_may_be_given():
    x, y = torch.zeros(N, 1), torch.arange(N)
    first = order(batches(x, y, 3, generator=torch.Generator().manual_seed(1)))
    assert first == order(batches(x, y, 3, seed=1))
    loader = batches(x.numpy(), y.numpy(), 3, generator=np.random.default_rng(1))
    assert order(loader) == order(batches(x.numpy(), y.numpy(), 3, seed=1))


def test_batches_stay_on_the_device_of_the_data():
    x = torch.zeros(N, 2, device="meta")
    for x_batch, y_batch in batches(x, x[:, 0], 4):
        assert x_batch.device.type == y_batch.device.type == "meta"


def test_shuffled_batches_are_copies(xy):
    x, y = xy
    for x_batch, _ in batches(x, y, 4, seed=0):
        x_batch[:] = 99
    assert x[3, 0] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1"),
        ({"y": np.arange(3)}, "same length, but they have 10 and 3"),
        ({"seed": 0, "generator": np.random.default_rng(0)}, "not both"),
    ],
)
def test_impossible_settings_are_refused_at_once(options, message):
    arguments = {"x": np.zeros((N, 2)), "y": np.arange(N)} | options
    with pytest.raises(ValueError, match=message):
        batches(**arguments)


def test_a_tensor_and_an_array_do_not_mix():
    with pytest.raises(TypeError, match="both be torch tensors or both be NumPy"):
        batches(torch.zeros(N), np.zeros(N))
