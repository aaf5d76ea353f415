"""average_gradients: the gradient of the whole batch, from micro-batches on several ranks."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

averaging = exercise(
    "average_gradients",
    title="Average the gradients",
    points=2,
    difficulty=1,
    minutes=6,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Averaging-gradients",
)


@averaging.reference
def average_gradients(gradients, counts):
    """Return the gradient (P,) of the mean loss over all examples: a mean weighted by `counts`.

    gradients: by rank, a list of float arrays (P,), one for each micro-batch.
    counts: by rank, the number of examples of each micro-batch.
    Source: the gradient is linear, so that of a sum of losses is the sum of their gradients.
    """
    each = [gradient for row in gradients for gradient in row]
    return np.average(each, axis=0, weights=np.concatenate(counts))


@averaging.alternative
def weighted_sums(gradients, counts):
    weighted = [
        n * g
        for row, sizes in zip(gradients, counts, strict=True)
        for g, n in zip(row, sizes, strict=True)
    ]
    return np.sum(weighted, axis=0) / sum(map(sum, counts))


@averaging.alternative
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


@averaging.cases
def cases(rng):
    def case(part, width, counts):
        gradients = [[rng.normal(scale=5, size=width) for _ in sizes] for sizes in counts]
        return Case(part, (gradients, counts))

    few, more, most = (int(n) for n in rng.choice(np.arange(2, 40, 3), 3, replace=False))
    return [
        case("equal batches", 3, [[8], [8], [8]]),
        case("equal batches", 1, [[few]]),
        case("unequal batches", 2, [[few], [more], [most], [5]]),
        case("several micro-batches", 5, [[few, 9], [more, 1, most], [4, 7]]),
        case("several micro-batches", 4, [[most, few, 1], [more, 6]]),
        case("a rank without examples", 3, [[few, most], [], [more]]),
        case("a rank without examples", 6, [[], [more, few], [most]]),
        case("a rank without examples", 2, [[most, 1], [], [few], [], []]),
    ]


def _mean_of_each_rank(gradients, counts):
    """The right mean of each rank that has examples."""
    return [
        np.average(row, axis=0, weights=sizes)
        for row, sizes in zip(gradients, counts, strict=True)
        if row
    ]


@averaging.mistake(
    "You gave every micro-batch the same weight, so an example in a small one counts more than "
    "one in a large one: weight each gradient by its number of examples."
)
def mean_of_means(gradients, counts):
    return np.mean([g for row in gradients for g in row], axis=0)


@averaging.mistake(
    "You summed the gradients, so the step grows with the number of micro-batches: take their "
    "mean, weighted by the number of examples."
)
def everything_summed(gradients, counts):
    return np.sum([g for row in gradients for g in row], axis=0)


@averaging.mistake(
    "Within a rank your weights are right, but then all ranks get equal weight: a rank with more "
    "examples must count for more. DistributedDataParallel takes this same mean over ranks, so "
    "it is exact only for equal batches."
)
def ranks_count_alike(gradients, counts):
    return np.mean(_mean_of_each_rank(gradients, counts), axis=0)


@averaging.mistake(
    "You divide by the number of ranks, so a rank without examples pulls the mean towards zero, "
    "and a small rank weighs as much as a large one: divide by the number of examples."
)
def an_empty_rank_counts_as_zero(gradients, counts):
    return np.sum(_mean_of_each_rank(gradients, counts), axis=0) / len(gradients)


@averaging.mistake(
    "You took an unweighted mean twice, within each rank and then over the ranks: weight both by "
    "the number of examples."
)
def both_count_alike(gradients, counts):
    return np.mean([np.mean(row, axis=0) for row in gradients if row], axis=0)


@averaging.mistake(
    "You weighted each rank by its number of micro-batches: micro-batches differ in size, so "
    "weight by the number of examples."
)
def ranks_weighted_by_micro_batches(gradients, counts):
    weights = [len(sizes) for sizes in counts if sizes]
    return np.average(_mean_of_each_rank(gradients, counts), axis=0, weights=weights)


@averaging.mistake(
    "A rank without examples has no mean, and you divide by its 0 examples: add up the weighted "
    "sums of all ranks, and divide once at the end."
)
def stops_at_an_empty_rank(gradients, counts):
    means, totals = [], []
    for row, sizes in zip(gradients, counts, strict=True):
        means.append(sum(n * g for g, n in zip(row, sizes, strict=True)) / sum(sizes))
        totals.append(sum(sizes))
    return np.average(means, axis=0, weights=totals)


@averaging.mistake(
    "Right, except when rank 0 has no examples: then there is no gradients[0][0] to take the "
    "shape from. Start the sum from 0.0, which can be added to any array."
)
def shape_of_the_first(gradients, counts):
    total = np.zeros_like(gradients[0][0])
    return total + average_gradients(gradients, counts)


@averaging.mistake(
    "np.array(gradients) needs the same number of micro-batches on every rank, and here it "
    "differs: loop over the lists with zip."
)
def one_array_of_all(gradients, counts):
    every, sizes = np.array(gradients), np.array(counts)
    return (every * sizes[:, :, None]).sum(axis=(0, 1)) / sizes.sum()


divisor = averaging.group("The divisor", read="lesson.ipynb#Averaging-gradients")


@divisor.mistake("The weighted sum is right; divide it by the total number of examples.")
def not_divided(right, a):
    return right() * sum(map(sum, a.counts))


@divisor.mistake(
    "The weighted sum is right, but you divided by the number of ranks: divide by the total "
    "number of examples."
)
def divided_by_the_ranks(right, a):
    return right() * sum(map(sum, a.counts)) / len(a.counts)


@divisor.mistake(
    "You divided by the number of examples, but each gradient is already a mean over its "
    "micro-batch: multiply it by its count first."
)
def weights_forgotten(gradients, counts):
    return everything_summed(gradients, counts) / sum(map(sum, counts))


accumulation = averaging.group("Gradient accumulation", read="lesson.ipynb#Gradient-accumulation")


@accumulation.mistake(
    "You summed over the micro-batches of a rank and averaged over ranks: backward() and DDP do "
    "the same if you do not scale down each micro-batch's loss first."
)
def steps_summed_ranks_averaged(gradients, counts):
    return everything_summed(gradients, counts) / len(gradients)


@accumulation.mistake(
    "Between ranks your weights are right, but within a rank all micro-batches get equal weight, "
    "so a smaller last one counts for too much."
)
def micro_batches_count_alike_within_a_rank(gradients, counts):
    means = [np.mean(row, axis=0) for row in gradients if row]
    return np.average(means, axis=0, weights=[sum(sizes) for sizes in counts if sizes])


@accumulation.mistake(
    "Your result contains only the last micro-batch of each rank: accumulate all of them, and "
    "reset the sum only after the step."
)
def last_micro_batch_only(right, a):
    return right(
        gradients=[row[-1:] for row in a.gradients], counts=[sizes[-1:] for sizes in a.counts]
    )


averaging.hints(
    "What is the mean of [1, 2, 3] and [10] together? It is not the mean of 2 and 10.",
    "A gradient times its number of examples is a sum over examples. Add these sums up over "
    "micro-batches and ranks, and divide once, at the very end.",
    "Loop over ranks and micro-batches with zip; add up count times gradient and, separately, "
    "the counts. Return the first sum divided by the second.",
)
