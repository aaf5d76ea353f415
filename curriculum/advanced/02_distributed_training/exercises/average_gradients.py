"""average_gradients: the gradient of the whole batch, from micro-batches on several ranks."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

AVERAGING = "lesson.ipynb#Averaging-gradients"
ACCUMULATION = "lesson.ipynb#Gradient-accumulation"


def average_gradients(gradients, counts):
    each = [gradient for row in gradients for gradient in row]
    return np.average(each, axis=0, weights=np.concatenate(counts))


def weighted_sums(gradients, counts):
    weighted = [
        n * g
        for row, sizes in zip(gradients, counts, strict=True)
        for g, n in zip(row, sizes, strict=True)
    ]
    return np.sum(weighted, axis=0) / sum(map(sum, counts))


def summed_on_each_rank(gradients, counts):
    width = next(g for row in gradients for g in row).shape
    sums, seen = [], []
    for row, sizes in zip(gradients, counts, strict=True):
        own = np.zeros(width)
        for g, n in zip(row, sizes, strict=True):
            own = own + n * g
        sums.append(own)
        seen.append(sum(sizes))
    return sum(sums) / sum(seen)


def _flat(gradients):
    return np.array([g for row in gradients for g in row])


def _rank_means(gradients, counts):
    """The right mean of each rank that has examples."""
    return [
        np.average(row, axis=0, weights=sizes)
        for row, sizes in zip(gradients, counts, strict=True)
        if row
    ]


def mean_of_means(gradients, counts):
    return _flat(gradients).mean(axis=0)


def everything_summed(gradients, counts):
    return _flat(gradients).sum(axis=0)


def ranks_count_alike(gradients, counts):
    return np.mean(_rank_means(gradients, counts), axis=0)


def empty_rank_counts_as_zero(gradients, counts):
    return np.sum(_rank_means(gradients, counts), axis=0) / len(gradients)


def steps_summed_ranks_averaged(gradients, counts):
    return _flat(gradients).sum(axis=0) / len(gradients)


def micro_batches_count_alike(gradients, counts):
    means = [np.mean(row, axis=0) for row in gradients if row]
    return np.average(means, axis=0, weights=[sum(sizes) for sizes in counts if sizes])


def both_count_alike(gradients, counts):
    return np.mean([np.mean(row, axis=0) for row in gradients if row], axis=0)


def not_divided(gradients, counts):
    return average_gradients(gradients, counts) * sum(map(sum, counts))


def divided_by_ranks(gradients, counts):
    return not_divided(gradients, counts) / len(counts)


def divided_by_micro_batches(gradients, counts):
    return not_divided(gradients, counts) / sum(map(len, counts))


def sums_weighted_by_rank(gradients, counts):
    total = sum(map(sum, counts))
    pairs = zip(gradients, counts, strict=True)
    return sum(np.sum(row, axis=0) * sum(sizes) / total for row, sizes in pairs if row)


def weighted_twice(gradients, counts):
    return _flat(gradients).sum(axis=0) / sum(map(sum, counts))


def first_rank_only(gradients, counts):
    return _rank_means(gradients[:1], counts[:1])[0]


def last_micro_batch_only(gradients, counts):
    ends = [(row[-1], sizes[-1]) for row, sizes in zip(gradients, counts, strict=True) if row]
    return np.average([g for g, _ in ends], axis=0, weights=[n for _, n in ends])


def first_micro_batch_only(gradients, counts):
    starts = [(row[0], sizes[0]) for row, sizes in zip(gradients, counts, strict=True) if row]
    return np.average([g for g, _ in starts], axis=0, weights=[n for _, n in starts])


def one_array_of_all(gradients, counts):
    every, sizes = np.array(gradients), np.array(counts)
    return (every * sizes[:, :, None]).sum(axis=(0, 1)) / sizes.sum()


def stops_at_an_empty_rank(gradients, counts):
    means, totals = [], []
    for row, sizes in zip(gradients, counts, strict=True):
        means.append(sum(n * g for g, n in zip(row, sizes, strict=True)) / sum(sizes))
        totals.append(sum(sizes))
    return np.average(means, axis=0, weights=totals)


def a_mean_of_nothing(gradients, counts):
    pairs = zip(gradients, counts, strict=True)
    return np.mean([np.average(row, axis=0, weights=sizes) for row, sizes in pairs], axis=0)


def added_into_the_first(gradients, counts):
    right = average_gradients(gradients, counts)
    gradients[0][0][:] = right
    return gradients[0][0]


def scaled_in_place(gradients, counts):
    right = average_gradients(gradients, counts)
    for row, sizes in zip(gradients, counts, strict=True):
        for g, n in zip(row, sizes, strict=True):
            g *= n
    return right


def shape_of_the_first(gradients, counts):
    total = np.zeros_like(gradients[0][0])
    return total + average_gradients(gradients, counts)


def last_rank_only(gradients, counts):
    for row, sizes in zip(gradients, counts, strict=True):
        weighted, examples = 0.0, 0  # begun anew for each rank
        for g, n in zip(row, sizes, strict=True):
            weighted, examples = weighted + n * g, examples + n
    return weighted / examples


def divided_by_the_counts(gradients, counts):
    pairs = zip(gradients, counts, strict=True)
    return sum(g / n for row, sizes in pairs for g, n in zip(row, sizes, strict=True))


def divided_twice(gradients, counts):
    return divided_by_the_counts(gradients, counts) / sum(map(sum, counts))


def last_counts_only(gradients, counts):
    examples = 0
    for row, sizes in zip(gradients, counts, strict=True):
        for _, n in zip(row, sizes, strict=True):  # noqa: B007
            pass
        examples += n  # one level too far out
    return not_divided(gradients, counts) / examples


def ranks_weighted_by_micro_batches(gradients, counts):
    weights = [len(sizes) for sizes in counts if sizes]
    return np.average(_rank_means(gradients, counts), axis=0, weights=weights)


def rounded_down(gradients, counts):
    return not_divided(gradients, counts) // sum(map(sum, counts))


def in_a_matrix(gradients, counts):
    return average_gradients(gradients, counts)[None, :]


def laid_end_to_end(gradients, counts):
    total = sum(map(sum, counts))
    weights = np.concatenate(counts) / total
    each = [gradient for row in gradients for gradient in row]
    return np.concatenate([w * g for w, g in zip(weights, each, strict=True)])


def with_the_number(gradients, counts):
    return average_gradients(gradients, counts), sum(map(sum, counts))


def one_number(gradients, counts):
    return float(np.mean(average_gradients(gradients, counts)))


def a_copy_for_each_rank(gradients, counts):
    return [average_gradients(gradients, counts) for _ in gradients]


def a_mean_for_each_rank(gradients, counts):
    width = len(_flat(gradients)[0])
    return [
        np.average(row, axis=0, weights=sizes) if row else np.zeros(width)
        for row, sizes in zip(gradients, counts, strict=True)
    ]


def as_list(gradients, counts):
    return average_gradients(gradients, counts).tolist()


def as_tensor(gradients, counts):
    return torch.tensor(average_gradients(gradients, counts))


def average_gradients_cases(rng):
    def case(part, counts):
        def gradient():  # whole numbers without 0, of different size
            values = rng.permutation(np.arange(1, 30))[:3]
            return (values * rng.choice([-1, 1], size=3)).astype(float)

        return Case(part, ([[gradient() for _ in sizes] for sizes in counts], counts))

    few, more, most = (int(n) for n in rng.choice(np.arange(2, 40, 3), 3, replace=False))
    return [
        case("equal batches", [[8], [8], [8]]),
        case("unequal batches", [[few], [more], [most]]),
        case("several micro-batches", [[few, 9], [more, 1, most], [4, 7]]),
        case("a rank without examples", [[few, most], [], [more]]),
        case("a rank without examples", [[], [more, few], [most]]),
    ]


EXERCISE = Exercise(
    name="average_gradients",
    title="Average the gradients",
    points=2,
    difficulty=1,
    minutes=8,
    reference=average_gradients,
    cases=average_gradients_cases,
    probe=Call(),
    compare=close(),
    read=AVERAGING,
    alternatives=[weighted_sums, summed_on_each_rank],
    misconceptions=[
        Misconception(
            "mean of means",
            mean_of_means,
            "You gave every micro-batch the same weight, so an example in a small one counts more "
            "than one in a large one: weight each gradient by its number of examples.",
        ),
        Misconception(
            "everything summed",
            everything_summed,
            "You added the gradients up: that step is longer by the number of micro-batches than "
            "the step of one large batch. A weighted mean is asked for.",
        ),
        Misconception(
            "ranks count alike",
            ranks_count_alike,
            "Within a rank your weights are right, but then every rank counts alike: a rank with "
            "more examples must weigh more. DistributedDataParallel makes this very mean, so it "
            "is exact only for equal batches.",
        ),
        Misconception(
            "an empty rank counts as zero",
            empty_rank_counts_as_zero,
            "You divide by the number of ranks, so a rank without examples pulls the mean towards "
            "zero, and a small rank counts as much as a large one: divide by the number of "
            "examples.",
        ),
        Misconception(
            "steps summed, ranks averaged",
            steps_summed_ranks_averaged,
            "You added up the micro-batches of a rank and averaged over ranks: that is what "
            "backward() and DDP do when the loss of a micro-batch was not scaled down first.",
            ACCUMULATION,
        ),
        Misconception(
            "micro-batches count alike within a rank",
            micro_batches_count_alike,
            "Between ranks your weights are right, but within a rank every micro-batch counts "
            "alike: a last, smaller one then weighs too much.",
            ACCUMULATION,
        ),
        Misconception(
            "both count alike",
            both_count_alike,
            "You took a plain mean twice, within each rank and then over the ranks: both times the "
            "number of examples must be the weight.",
        ),
        Misconception(
            "not divided",
            not_divided,
            "The weighted sum is right; divide it by the number of all examples.",
        ),
        Misconception(
            "divided by the ranks",
            divided_by_ranks,
            "The weighted sum is right, but you divided by the number of ranks: divide by the "
            "number of all examples.",
        ),
        Misconception(
            "divided by the micro-batches",
            divided_by_micro_batches,
            "The weighted sum is right, but you divided by the number of micro-batches: divide by "
            "the number of all examples.",
        ),
        Misconception(
            "weights forgotten",
            weighted_twice,
            "You divided by the number of examples, but each gradient is already a mean over its "
            "micro-batch: multiply it by its count first.",
        ),
        Misconception(
            "first rank only",
            first_rank_only,
            "Only the first rank's gradient is in your result: nothing was exchanged.",
        ),
        Misconception(
            "last micro-batch only",
            last_micro_batch_only,
            "Only the last micro-batch of each rank is in your result: add up those before it, "
            "too (and clear the sum only after a step).",
            ACCUMULATION,
        ),
        Misconception(
            "first micro-batch only",
            first_micro_batch_only,
            "Only the first micro-batch of each rank is in your result: go through all of them.",
            ACCUMULATION,
        ),
        Misconception(
            "sums weighted by rank",
            sums_weighted_by_rank,
            "Between ranks your weights are right, but within a rank you added the gradients of "
            "micro-batches up: weight each by its own number of examples.",
            ACCUMULATION,
        ),
        Misconception(
            "one array of all",
            one_array_of_all,
            "np.array(gradients) needs equally many micro-batches on every rank, and here ranks "
            "differ: go over the lists with zip.",
        ),
        Misconception(
            "stops at an empty rank",
            stops_at_an_empty_rank,
            "A rank without examples has no mean of its own, and you divide by its 0 examples: "
            "add up weighted sums over all ranks, and divide once at the end.",
        ),
        Misconception(
            "a mean of nothing",
            a_mean_of_nothing,
            "Every rank counts alike, whatever its number of examples, and a rank without any has "
            "no mean: weight by examples, over all micro-batches of all ranks at once.",
        ),
        Misconception(
            "added into the first gradient",
            added_into_the_first,
            "The result is right, but you changed the gradients that you were given: += and [:] = "
            "write into the array itself. Begin with a new array.",
        ),
        Misconception(
            "scaled in place",
            scaled_in_place,
            "The result is right, but you changed the gradients that you were given: g *= n writes "
            "into the array itself, n * g makes a new one.",
        ),
        Misconception(
            "one number",
            one_number,
            "You averaged over the gradient's own entries as well: axis=0 keeps them apart.",
        ),
        Misconception(
            "a copy for each rank",
            a_copy_for_each_rank,
            "You returned the mean once for each rank: one array is asked for.",
        ),
        Misconception(
            "a mean for each rank",
            a_mean_for_each_rank,
            "You returned a mean for each rank: these must still become one, weighted by how many "
            "examples each rank has.",
        ),
        Misconception(
            "list instead of array",
            as_list,
            "You returned a list of numbers: return the NumPy array.",
        ),
        Misconception(
            "tensor instead of array",
            as_tensor,
            "You returned a torch tensor: a NumPy array is asked for.",
        ),
        Misconception(
            "shape of the first",
            shape_of_the_first,
            "Right, except where rank 0 has no examples: then there is no gradients[0][0] to take "
            "the shape from. Begin the sum with 0.0, which can be added to any array.",
        ),
        Misconception(
            "last rank only",
            last_rank_only,
            "Only the last rank's mean comes out: your sum begins anew for each rank. Set it to"
            " zero once, before the loop over ranks.",
        ),
        Misconception(
            "divided by the counts",
            divided_by_the_counts,
            "You divided each gradient by its number of examples, but it is a mean already: "
            "multiply by the number, add up, and divide once, by all examples.",
        ),
        Misconception(
            "divided twice",
            divided_twice,
            "You divided each gradient by its number of examples, and the sum by all of them: a"
            " gradient is a mean already, so multiply it by its number; divide only once, at "
            "the end.",
        ),
        Misconception(
            "last counts only",
            last_counts_only,
            "The weighted sum is right, but you counted only the last micro-batch of each rank:"
            " does the line that counts the examples stand outside the inner loop?",
        ),
        Misconception(
            "ranks weighted by micro-batches",
            ranks_weighted_by_micro_batches,
            "You weighted each rank by its number of micro-batches: these differ in size, so "
            "the weight is the number of examples.",
        ),
        Misconception(
            "rounded down",
            rounded_down,
            "You divided with //, which rounds down: gradients have fractions, so divide with /.",
        ),
        Misconception(
            "in a matrix",
            in_a_matrix,
            "The numbers are right, but stand in a matrix with one row: a flat array of shape "
            "(P,) is asked for, so drop keepdims or [None].",
        ),
        Misconception(
            "end to end",
            laid_end_to_end,
            "You put all weighted gradients one after the other (np.concatenate): add them up "
            "instead, entry by entry, so that (P,) numbers are left.",
        ),
        Misconception(
            "with the number of examples",
            with_the_number,
            "You returned a pair, the gradient and the number of examples: the gradient alone "
            "is asked for.",
        ),
    ],
    hints=(
        "What is the mean of [1, 2, 3] and [10]? Not the mean of 2 and 10.",
        "A gradient times its number of examples is a sum over examples. Sums can be added over "
        "micro-batches and ranks; divide once, at the very end.",
        "Go over ranks and micro-batches with zip, add up count times gradient and, beside it, "
        "the counts. Return the one sum divided by the other.",
    ),
)
