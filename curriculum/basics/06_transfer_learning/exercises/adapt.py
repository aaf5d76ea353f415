"""Learn classes that the backbone never saw, from twenty labels each: the exercise `adapt`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

from .belt import on_the_belt, reduced
from .frozen_features import MEAN, STD, WEIGHTS, features_of, pretrained_backbone, probe_scores

FOLDER = Path(__file__).parents[1]
LABELS = 20
OF_EACH = 110
"""New photos per kind in the instructor's cases; the learner's check has fewer."""
SANDAL, BAG, BOOT = 5, 8, 9
"""Kinds that are easily told apart. Of the kinds asked for, the backbone knows only boots."""
SINGLES = 3
"""Photos of a kind that are each sorted alone: statistics of a single photo tell nothing."""
CANDIDATES = 15
"""Clearest photos of a kind, from which the single ones are chosen."""
OF_FIVE = (3, 3, 3, 3, 16)
"""Clear photos of each label among five: too many of the last for an answer that knows four, or
that gives each label to equally many new photos."""
SIZES = ((SANDAL, 1.0), (SANDAL, 1.4), (SANDAL, 1.7), (BAG, 1.0), (BAG, 1.7))
"""Kind of each class, and by what it is reduced: a model of the kinds cannot tell sizes apart."""


adapting = exercise(
    "adapt",
    title="Twenty labels each",
    points=3,
    difficulty=5,
    minutes=20,
    probe=Call(),
    compare=accuracy(at_least=0.68, tolerance=0.05),
    read="lesson.ipynb#Feature-extraction",
    held_out=held_out(FOLDER / "held_out.npz", "fashion_mnist", share=0.3),
)


@adapting.reference
def adapt(photos, labels, new_photos):
    """Return labels, whole numbers (M,), of new photos after learning from labelled ones.

    photos: uint8 (N, 28, 28) and labels: (N,), each of 0 … K-1 at least once. new_photos: (M, 28,
    28). A ridge probe on the features of the labelled photos and of rotated copies.
    """
    return probe_scores(photos, labels, new_photos).argmax(axis=1)


@adapting.alternative
def in_pieces(photos, labels, new_photos):
    pieces = np.array_split(new_photos, max(len(new_photos) // 60, 1))
    return np.concatenate([adapt(photos, labels, piece) for piece in pieces])


@adapting.cases
def cases(rng, rows):
    images, kinds = rows.numpy()
    present = np.unique(kinds)
    new_kinds = present[present != BOOT]
    number = min(OF_EACH, np.bincount(kinds)[new_kinds].min() - LABELS)

    def case(order, new_of_each, first=None):
        """A case in which the kind order[k] has the label k, so that labels differ by case.

        first: label of the first twenty photos, which others follow in turn; None: any order.
        """
        known, new = [], []
        for kind in order:
            places = rng.permutation(np.flatnonzero(kinds == kind))
            known.append(places[:LABELS])
            new.append(places[LABELS : LABELS + new_of_each])
        names = np.arange(len(order))
        mixed = rng.permutation(LABELS * len(order))
        if first is not None:
            mixed = np.roll(np.arange(len(mixed)), -LABELS * first)
        labels = np.repeat(names, LABELS)[mixed]
        photos = on_the_belt(images[np.concatenate(known)[mixed]], rng)
        shuffled = rng.permutation(new_of_each * len(order))
        expected = np.repeat(names, new_of_each)[shuffled]
        return photos, labels, on_the_belt(images[np.concatenate(new)[shuffled]], rng), expected

    def sizes():
        """A case of the classes in SIZES, in any order."""
        shown = []
        for kind in np.unique([kind for kind, _ in SIZES]):
            factors = [factor for of_kind, factor in SIZES if of_kind == kind]
            places = rng.permutation(np.flatnonzero(kinds == kind))
            for factor, mine in zip(factors, np.array_split(places, len(factors)), strict=True):
                shown.append(reduced(images[mine], factor))
        order = rng.permutation(len(shown))
        new_of_each = min(map(len, shown)) - LABELS
        of_size = [on_the_belt(shown[k][: LABELS + new_of_each], rng) for k in order]
        known = np.roll(np.concatenate([part[:LABELS] for part in of_size]), LABELS, axis=0)
        labels = np.roll(np.repeat(np.arange(len(order)), LABELS), LABELS)
        new = np.concatenate([part[LABELS:] for part in of_size])
        return known, labels, new, np.repeat(np.arange(len(order)), new_of_each)

    def clearest(arguments, expected, of_label):
        """Places of the clearest new photos of each label."""
        scores = probe_scores(*arguments)
        own = np.eye(scores.shape[1], dtype=bool)[expected]
        margin = scores[own] - np.where(own, -np.inf, scores).max(axis=1)
        places = [_largest(margin, expected == k, count) for k, count in enumerate(of_label)]
        return rng.permutation(np.concatenate(places))

    part = "new classes, and single photos"
    *four, expected = case(rng.permutation(new_kinds), number, first=0)
    yield Case(part, tuple(four), expected=expected)
    *two, expected = case(rng.permutation([SANDAL, BAG]), number)
    clear = clearest(two, expected, (CANDIDATES, CANDIDATES))
    for i in rng.permutation(_misled_in_train_mode(*two, expected, clear)):
        yield Case(part, (*two[:2], two[2][[i]]), expected=expected[[i]])
    last = rng.choice([SANDAL, BAG, BOOT])
    order = np.append(rng.permutation(present[present != last]), last)
    fewest = np.bincount(kinds)[order].min() - LABELS
    *five, expected = case(order, min(number, fewest), first=1)
    clear = clearest(five, expected, OF_FIVE)
    yield Case(part, (*five[:2], five[2][clear]), expected=expected[clear])
    *sized, expected = sizes()
    clear = clearest(sized, expected, [np.sum(expected == 0) // 2] * len(SIZES))
    yield Case(part, (*sized[:2], sized[2][clear]), expected=expected[clear])


def _misled_in_train_mode(photos, labels, new_photos, expected, places):
    """SINGLES places of each label; first those where batch norm's own statistics mislead."""
    scores = [probe_scores(photos, labels, new_photos[[i]], train_mode=True)[0] for i in places]
    misled = np.argmax(scores, axis=1) != expected[places]
    order = places[np.argsort(~misled, kind="stable")]
    return np.concatenate([order[expected[order] == k][:SINGLES] for k in np.unique(expected)])


def _largest(values, among, count):
    """Places of the `count` largest values among those that are marked."""
    return np.argsort(np.where(among, -values, np.inf))[:count]


form = adapting.group("The form of the result")


@form.mistake(
    "You returned a score for each class: return the index of the largest, argmax over axis 1."
)
def scores_instead_of_labels(photos, labels, new_photos):
    return probe_scores(photos, labels, new_photos)


@form.mistake("You returned a single number: argmax needs axis=1 (dim=1 in PyTorch).")
def one_label_for_all(photos, labels, new_photos):
    return probe_scores(photos, labels, new_photos).argmax()


@form.mistake("You returned labels for the labelled photos: return those of new_photos.")
def labels_of_the_known(photos, labels, new_photos):
    return labels.copy()


inputs = adapting.group("What goes into the network")


@inputs.mistake(
    "PyTorch raised the error above: the backbone takes floats of shape (N, 1, 28, 28), so "
    "use float(), / 255 and an axis for the channel."
)
def photos_without_channel(photos, labels, new_photos):
    return pretrained_backbone()((torch.tensor(photos) / 255 - MEAN) / STD)


@inputs.mistake("A PyTorch network takes no NumPy array: convert it with torch.tensor(photos).")
def array_into_the_network(photos, labels, new_photos):
    return pretrained_backbone()(photos[:, None] / 255)


def _nearest_mean(known, labels, new):
    """Squared distances (M, K) of features to the mean of each class."""
    means = np.array([known[labels == kind].mean(axis=0) for kind in range(labels.max() + 1)])
    return ((new[:, None] - means) ** 2).sum(axis=2)


accuracies = adapting.group("Accuracy")


@accuracies.mistake(
    "You took the labels to be in order, twenty photos of each: labels[i] belongs to photos[i], in "
    "whatever order they come."
)
def labels_taken_as_sorted(photos, labels, new_photos):
    return adapt(photos, np.sort(labels), new_photos)


@accuracies.mistake(
    "Your labels are those of the classes that the backbone was pretrained on: the stored head "
    "knows no new class, so fit a head to the features of the labelled photos."
)
def head_of_the_pretraining(photos, labels, new_photos):
    with np.load(WEIGHTS, allow_pickle=False) as file:
        scores = features_of(new_photos.tobytes(), 1) @ file["head.weight"].T + file["head.bias"]
    return np.minimum(scores.argmax(axis=1), labels.max())


@accuracies.mistake(
    "You gave each label to equally many new photos: sort each photo by itself, as there may be "
    "more of one class than of another."
)
def equally_many_of_each(photos, labels, new_photos):
    known, new = (features_of(part.tobytes(), 1) for part in (photos, new_photos))
    unit = known.std(axis=0) + 1e-3
    distances = _nearest_mean(known / unit, labels, new / unit)
    count = distances.shape[1]
    places = np.repeat(np.arange(count), -(-len(new) // count))
    return places[linear_sum_assignment(distances[:, places])[1]]


@accuracies.mistake(
    "Almost no label is right, which is worse than guessing. That happens when classes are counted "
    "from 1: labels start at 0."
)
def counted_from_one(photos, labels, new_photos):
    return adapt(photos, labels, new_photos) + 1


@accuracies.mistake(
    "About one label in four is right, as with guessing: are your labels in the order of "
    "new_photos, and did the head see each labelled photo with its own label?"
)
def labels_out_of_order(photos, labels, new_photos):
    return np.roll(adapt(photos, labels, new_photos), 1)


@accuracies.mistake(
    "About as many labels are right as where pixels are compared: compare the backbone's features, "
    "of photos normalised as in pretraining, and keep each label with its photo."
)
def pixels_compared(photos, labels, new_photos):
    known, new = (part.reshape(len(part), -1).astype(float) for part in (photos, new_photos))
    return labels[((known**2).sum(axis=1) - 2 * new @ known.T).argmin(axis=1)]


@accuracies.mistake(
    "You subtracted photos as uint8, in which 3 - 5 is 254: convert them to float first. (Pixels "
    "tell little here, though: compare the backbone's features.)"
)
def differences_wrap_around(photos, labels, new_photos):
    found = [((photos - new) ** 2).sum(axis=(1, 2)).argmin() for new in new_photos]
    return labels[found]


@accuracies.mistake(
    "Many photos at once are sorted well, a single photo in another call is not: does a label "
    "depend on the other new photos (train mode, their mean and std), or on an earlier call?"
)
def statistics_of_the_new_photos(photos, labels, new_photos):
    return probe_scores(photos, labels, new_photos, own=True).argmax(axis=1)


@accuracies.mistake(
    "Up to four classes are sorted well, and with a fifth its photos get other labels: take the "
    "number of classes from labels, as it differs from call to call."
)
def four_kinds_always(photos, labels, new_photos):
    return probe_scores(photos, labels, new_photos)[:, :4].argmax(axis=1)


@accuracies.mistake(
    "Every photo gets the same label: was the head trained at all, and are the photos normalised "
    "as in pretraining?"
)
def always_the_same(photos, labels, new_photos):
    return np.zeros(len(new_photos), dtype=int)


adapting.hints(
    "Twenty labels are too few for a whole network, but enough for a head. What can you compute "
    "once, for all labelled and all new photos?",
    "Normalise as in pretraining, take the frozen backbone's features in eval mode, and fit a "
    "linear probe on them. Rotated copies of the labelled photos are further labelled photos.",
    "Rotate the labelled photos by eight angles and take the features of all copies. Standardise "
    "all features by the mean and standard deviation of these, fit linear_probe with a decay near "
    "100, and return the argmax of the new photos' scores.",
)
