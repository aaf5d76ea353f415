"""Answers to basics/06_transfer_learning: probes, groups, LoRA, adapting, and what each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from torch import nn

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "06_transfer_learning")


def right(exercise, *arguments):
    return TABLE.exercises[exercise].reference(*arguments)


# --- A linear probe -----------------------------------------------------------------------------


@TABLE.answer("linear_probe")
def class_by_class(features, labels, classes, decay):
    centre = features.mean(axis=0)
    rows = features - centre
    inverse = np.linalg.pinv(rows.T @ rows + decay * np.eye(features.shape[1]))
    columns = [inverse @ rows.T @ (labels == kind) for kind in range(classes)]
    weight = np.stack(columns, axis=1)
    return weight, np.bincount(labels, minlength=classes) / len(labels) - centre @ weight


@TABLE.answer("linear_probe")
def in_the_dual(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    centre, level = features.mean(axis=0), targets.mean(axis=0)
    rows = features - centre
    weight = rows.T @ np.linalg.solve(rows @ rows.T + decay * np.eye(len(rows)), targets - level)
    return weight, level - centre @ weight


@TABLE.answer("linear_probe")
def by_singular_values(features, labels, classes, decay):
    targets = np.eye(classes)[labels]
    centre = features.mean(axis=0)
    u, s, vt = np.linalg.svd(features - centre, full_matrices=False)
    weight = vt.T @ ((s / (s**2 + decay))[:, None] * (u.T @ targets))
    return weight, targets.mean(axis=0) - centre @ weight


@TABLE.answer("linear_probe", loses=TABLE.parts("linear_probe"))
def root_of_the_decay(features, labels, classes, decay):
    return right("linear_probe", features, labels, classes, decay**0.5)


@TABLE.answer("linear_probe", loses=TABLE.parts("linear_probe"))
def twice_the_decay(features, labels, classes, decay):
    return right("linear_probe", features, labels, classes, 2 * decay)


@TABLE.answer("linear_probe", loses={"a class without photos"})
def as_many_classes_as_labels_say(features, labels, classes, decay):
    return right("linear_probe", features, labels, labels.max() + 1, decay)


@TABLE.answer("linear_probe", loses={"fewer photos than features"})
def no_decay_where_photos_are_few(features, labels, classes, decay):
    few = len(features) < features.shape[1] and len(features) > 1
    return right("linear_probe", features, labels, classes, 1e-6 if few else decay)


@TABLE.answer("linear_probe", loses=TABLE.parts("linear_probe"))
def trained_on_smoothed_targets(features, labels, classes, decay):
    weight, bias = right("linear_probe", features, labels, classes, decay)
    return 0.9 * weight, 0.9 * bias + 0.1 / classes


@TABLE.answer("linear_probe", loses=TABLE.parts("linear_probe"))
def bias_of_shape_one_by_k(features, labels, classes, decay):
    weight, bias = right("linear_probe", features, labels, classes, decay)
    return weight, bias[None]


# --- Learning rates by depth --------------------------------------------------------------------


@TABLE.answer("param_groups")
def with_a_running_rate(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    groups, rate = [], learning_rate
    for block in reversed(blocks[frozen:]):
        own = [name for name in shapes if name[: name.index(".")] == block]
        few = [name for name in own if len(shapes[name]) in (0, 1)]
        many = [name for name in own if name not in few]
        groups[:0] = [g for g in ((many, rate, weight_decay), (few, rate, 0.0)) if g[0]]
        rate *= factor
    return groups


@TABLE.answer("param_groups")
def by_sorting(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    table = {}
    for name, shape in shapes.items():
        table.setdefault((blocks.index(name.split(".", 1)[0]), len(shape) < 2), []).append(name)
    top = len(blocks) - 1
    return [
        (names, learning_rate * factor ** (top - depth), 0.0 if small else weight_decay)
        for (depth, small), names in sorted(table.items())
        if depth >= frozen
    ]


@TABLE.answer("param_groups")
def a_generator_in_a_list(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    def groups():
        for i in range(frozen, len(blocks)):
            rate = learning_rate * factor ** (len(blocks) - i - 1)
            for decay, test in ((weight_decay, lambda s: len(s) > 1), (0.0, lambda s: len(s) < 2)):
                found = [n for n, s in shapes.items() if n.startswith(blocks[i] + ".") and test(s)]
                if found:
                    yield found, rate, decay

    return list(groups())


@TABLE.answer("param_groups", loses={"all blocks", "frozen blocks", "names that begin alike"})
def by_the_parameters_name(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    """Takes all that ends in weight for a matrix: scales of normalisation are not."""
    as_named = {n: (1, 1) if n.endswith("weight") else (1,) for n in shapes}
    return right("param_groups", as_named, blocks, learning_rate, factor, weight_decay, frozen)


@TABLE.answer("param_groups", loses={"frozen blocks", "blocks with one kind only"})
def rate_counts_from_the_first_thawed(shapes, blocks, rate, factor, weight_decay, frozen=0):
    return right(
        "param_groups", shapes, blocks, rate * factor**frozen, factor, weight_decay, frozen
    )


@TABLE.answer("param_groups", loses={"frozen blocks"})
def at_least_one_block_trains(shapes, blocks, rate, factor, weight_decay, frozen=0):
    most = min(frozen, len(blocks) - 1)
    return right("param_groups", shapes, blocks, rate, factor, weight_decay, most)


@TABLE.answer("param_groups", loses=TABLE.parts("param_groups"))
def lists_in_place_of_tuples_with_the_decay_first(shapes, blocks, rate, factor, decay, frozen=0):
    groups = right("param_groups", shapes, blocks, rate, factor, decay, frozen)
    return [(names, weight_decay, rate) for names, rate, weight_decay in groups]


@TABLE.answer("param_groups", loses={"all blocks"})
def blocks_in_the_order_of_the_alphabet(shapes, blocks, rate, factor, decay, frozen=0):
    if "block1" in blocks or "fc" in blocks or frozen:
        return right("param_groups", shapes, blocks, rate, factor, decay, frozen)
    return right("param_groups", shapes, sorted(blocks), rate, factor, decay)


@TABLE.answer("param_groups", loses=TABLE.parts("param_groups"))
def decay_by_depth_too(shapes, blocks, rate, factor, decay, frozen=0):
    groups = right("param_groups", shapes, blocks, rate, factor, decay, frozen)
    return [(names, own, d * own / rate + 0.001) for names, own, d in groups]


# --- LoRA ---------------------------------------------------------------------------------------


@TABLE.answer("lora")
def rank_by_rank(x, weight, bias, a, b, alpha):
    rank = b.shape[1]
    merged = np.array(weight)
    for r in range(rank):
        merged += alpha / rank * b[:, r : r + 1] * a[r]
    return np.matmul(x, merged.T) + bias, merged


@TABLE.answer("lora")
def with_two_linear_layers(x, weight, bias, a, b, alpha):
    inputs, *tensors = (torch.tensor(value) for value in (x, weight, bias, a, b))
    w, c, down, up = tensors
    hidden = inputs @ down.mT * (alpha / down.size(0))
    return (inputs @ w.mT + c + hidden @ up.mT).numpy(), (w + up @ down * alpha / len(a)).numpy()


@TABLE.answer("lora")
def one_row_at_a_time(x, weight, bias, a, b, alpha):
    merged = weight + (b * (alpha / a.shape[0])).dot(a)
    rows = [merged @ row + bias for row in x.reshape(-1, x.shape[-1])]
    return np.array(rows).reshape(*x.shape[:-1], len(bias)), merged


@TABLE.answer("lora", loses={"other leading axes"})
def a_batch_is_expected(x, weight, bias, a, b, alpha):
    y, merged = right("lora", x, weight, bias, a, b, alpha)
    return y.reshape(-1, y.shape[-1]), merged


@TABLE.answer("lora", loses={"rank above both sides", "other leading axes"})
def rank_cut_off_at_the_smaller_side(x, weight, bias, a, b, alpha):
    most = min(weight.shape)
    if len(a) <= most:
        return right("lora", x, weight, bias, a, b, alpha)
    return right("lora", x, weight, bias, a[:most], b[:, :most], alpha)


@TABLE.answer("lora", loses=TABLE.parts("lora"))
def the_other_way_of_writing_weights(x, weight, bias, a, b, alpha):
    y, merged = right("lora", x, weight, bias, a, b, alpha)
    return y, merged.T.copy() + 0.0 * merged.sum()


@TABLE.answer("lora", loses=TABLE.parts("lora") - {"before training, b is 0"})
def divided_by_the_rank_twice(x, weight, bias, a, b, alpha):
    return right("lora", x, weight, bias, a, b, alpha / len(a) * 1.5)


@TABLE.answer("lora", loses={"before training, b is 0"})
def nothing_to_merge_so_the_weight_itself(x, weight, bias, a, b, alpha):
    y, merged = right("lora", x, weight, bias, a, b, alpha)
    return y, weight if not b.any() else merged


@TABLE.answer("lora", loses=TABLE.parts("lora"))
def the_bias_is_merged_too(x, weight, bias, a, b, alpha):
    y, merged = right("lora", x, weight, bias, a, b, alpha)
    return y + bias, merged


# --- Twenty labels each -------------------------------------------------------------------------

PART = "new classes, and single photos"


def features(photos, copies=1):
    of = TABLE.exercises["adapt"].reference.__globals__["probe_scores"].__globals__["features_of"]
    return of(photos.tobytes(), copies)


@TABLE.answer("adapt")
def discriminant(photos, labels, new_photos):
    """Linear discriminant analysis with a shrunken covariance."""
    known, new = features(photos, 8), features(new_photos)
    y = np.tile(labels, 8)
    means = np.array([known[y == kind].mean(axis=0) for kind in range(y.max() + 1)])
    within = np.cov((known - means[y]).T)
    within += 0.3 * np.trace(within) / len(within) * np.eye(len(within))
    weight = np.linalg.solve(within, means.T)
    return (new @ weight - 0.5 * (means.T * weight).sum(axis=0)).argmax(axis=1)


@TABLE.answer("adapt")
def a_trained_head(photos, labels, new_photos):
    known, new = features(photos, 8), features(new_photos)
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    rows, fresh = (torch.tensor((part - centre) / spread).float() for part in (known, new))
    torch.manual_seed(0)
    head = nn.Linear(96, int(labels.max()) + 1)
    adamw = torch.optim.AdamW(head.parameters(), lr=0.01, weight_decay=1.0)
    for _ in range(150):
        adamw.zero_grad()
        nn.functional.cross_entropy(head(rows), torch.tensor(np.tile(labels, 8))).backward()
        adamw.step()
    return head(fresh).argmax(dim=1).numpy()


@TABLE.answer("adapt")
def a_ridge_of_32_bits(photos, labels, new_photos):
    known, new = features(photos, 8).astype(np.float32), features(new_photos).astype(np.float32)
    rows = (known - known.mean(axis=0)) / (known.std(axis=0) + 1e-3)
    fresh = (new - known.mean(axis=0)) / (known.std(axis=0) + 1e-3)
    weight, bias = right("linear_probe", rows, np.tile(labels, 8), int(labels.max()) + 1, 60.0)
    return (fresh @ weight + bias).argmax(axis=1)


@TABLE.answer("adapt", loses={PART})
def nearest_neighbour_of_pixels(photos, labels, new_photos):
    known, new = (part.reshape(len(part), -1).astype(float) for part in (photos, new_photos))
    return labels[((known**2).sum(axis=1) - 2 * new @ known.T).argmin(axis=1)]


@TABLE.answer("adapt", loses={PART})
def standardised_by_the_new_photos(photos, labels, new_photos):
    """Right for many photos at once; a photo alone has no statistics."""
    known, new = features(photos, 8), features(new_photos)
    rows, fresh = ((part - part.mean(axis=0)) / (part.std(axis=0) + 1e-3) for part in (known, new))
    weight, bias = right("linear_probe", rows, np.tile(labels, 8), int(labels.max()) + 1, 100.0)
    return (fresh @ weight + bias).argmax(axis=1)


@TABLE.answer("adapt", loses={PART})
def in_train_mode(photos, labels, new_photos):
    """Nearest class mean, with batch normalisation by the batch at hand."""
    of = TABLE.exercises["adapt"].reference.__globals__["probe_scores"].__globals__
    network = copy.deepcopy(of["pretrained_backbone"]()).train()
    known, new = (
        network((torch.tensor(part)[:, None] / 255 - of["MEAN"]) / of["STD"]).detach().numpy()
        for part in (photos, new_photos)
    )
    means = np.array([known[labels == kind].mean(axis=0) for kind in range(labels.max() + 1)])
    return ((new[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)


@TABLE.answer("adapt", loses={PART})
def one_label_of_each(photos, labels, new_photos):
    first = np.array([np.flatnonzero(labels == k)[0] for k in range(labels.max() + 1)])
    known, new = features(photos)[first], features(new_photos)
    return ((new[:, None] - known) ** 2).sum(axis=2).argmin(axis=1)


@TABLE.answer("adapt", loses={PART})
def labels_taken_as_sorted(photos, labels, new_photos):
    return right("adapt", photos, np.sort(labels), new_photos)


@TABLE.answer("adapt", loses={PART})
def a_table_of_four_columns(photos, labels, new_photos):
    """Right for four kinds and for fewer, whose columns alone have targets."""
    known, new = features(photos, 8), features(new_photos)
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    targets = (np.tile(labels, 8)[:, None] == np.arange(4)).astype(float)
    rows = (known - centre) / spread
    weight = np.linalg.solve(rows.T @ rows + 100 * np.eye(96), rows.T @ targets)
    return ((new - centre) / spread @ weight + targets.mean(axis=0)).argmax(axis=1)


@TABLE.answer("adapt", loses={PART})
def always_the_same_four_kinds(photos, labels, new_photos):
    """Learned the labels of the notebook's own example by heart."""
    found = right("adapt", photos, labels, new_photos)
    return (found + 1) % (labels.max() + 1)


@TABLE.answer("adapt", loses={PART})
def a_column_of_labels(photos, labels, new_photos):
    return right("adapt", photos, labels, new_photos)[:, None]


@TABLE.answer("adapt", loses={PART})
def floats_between_labels(photos, labels, new_photos):
    return right("adapt", photos, labels, new_photos) + 0.5


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
