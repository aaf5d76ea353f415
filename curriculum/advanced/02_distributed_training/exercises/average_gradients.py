"""average_gradients: the gradient of the whole batch, from micro-batches on several ranks."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list, as_tensor, in_array

averaging = exercise(
    "average_gradients",
    title="Average the gradients",
    points=2,
    difficulty=1,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Averaging-gradients",
    forms=[
        as_list("You returned a list of numbers: return the NumPy array."),
        as_tensor("You returned a torch tensor: a NumPy array is asked for."),
        in_array(
            "The numbers are right, but stand in a matrix with one row: a flat "
            "array of shape (P,) is asked for, so drop keepdims or [None]."
        ),
    ],
)


@averaging.reference
def average_gradients(gradients, counts):
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


def _flat(gradients):
    return np.array([g for row in gradients for g in row])


@averaging.mistake(
    "You gave every micro-batch the same weight, so an example in a small one counts more than "
    "one in a large one: weight each gradient by its number of examples."
)
def mean_of_means(gradients, counts):
    return _flat(gradients).mean(axis=0)


@averaging.mistake(
    "You added the gradients up: that step is longer by the number of micro-batches than the step "
    "of one large batch. A weighted mean is asked for."
)
def everything_summed(gradients, counts):
    return _flat(gradients).sum(axis=0)


def _rank_means(gradients, counts):
    """The right mean of each rank that has examples."""
    return [
        np.average(row, axis=0, weights=sizes)
        for row, sizes in zip(gradients, counts, strict=True)
        if row
    ]


@averaging.mistake(
    "Within a rank your weights are right, but then every rank counts alike: a rank with more "
    "examples must weigh more. DistributedDataParallel makes this very mean, so it is exact only "
    "for equal batches."
)
def ranks_count_alike(gradients, counts):
    return np.mean(_rank_means(gradients, counts), axis=0)


@averaging.mistake(
    "You divide by the number of ranks, so a rank without examples pulls the mean towards zero, "
    "and a small rank counts as much as a large one: divide by the number of examples."
)
def an_empty_rank_counts_as_zero(gradients, counts):
    return np.sum(_rank_means(gradients, counts), axis=0) / len(gradients)


@averaging.mistake(
    "You took a plain mean twice, within each rank and then over the ranks: both times the number "
    "of examples must be the weight."
)
def both_count_alike(gradients, counts):
    return np.mean([np.mean(row, axis=0) for row in gradients if row], axis=0)


@averaging.mistake("The weighted sum is right; divide it by the number of all examples.")
def not_divided(gradients, counts):
    return average_gradients(gradients, counts) * sum(map(sum, counts))


@averaging.mistake(
    "The weighted sum is right, but you divided by the number of ranks: divide by the number of "
    "all examples."
)
def divided_by_the_ranks(gradients, counts):
    return not_divided(gradients, counts) / len(counts)


@averaging.mistake(
    "The weighted sum is right, but you divided by the number of micro-batches: divide by the "
    "number of all examples."
)
def divided_by_the_micro_batches(gradients, counts):
    return not_divided(gradients, counts) / sum(map(len, counts))


@averaging.mistake(
    "You divided by the number of examples, but each gradient is already a mean over its "
    "micro-batch: multiply it by its count first."
)
def weights_forgotten(gradients, counts):
    return _flat(gradients).sum(axis=0) / sum(map(sum, counts))


@averaging.mistake("Only the first rank's gradient is in your result: nothing was exchanged.")
def first_rank_only(gradients, counts):
    return _rank_means(gradients[:1], counts[:1])[0]


@averaging.mistake(
    "np.array(gradients) needs equally many micro-batches on every rank, and here ranks differ: "
    "go over the lists with zip."
)
def one_array_of_all(gradients, counts):
    every, sizes = np.array(gradients), np.array(counts)
    return (every * sizes[:, :, None]).sum(axis=(0, 1)) / sizes.sum()


@averaging.mistake(
    "A rank without examples has no mean of its own, and you divide by its 0 examples: add up "
    "weighted sums over all ranks, and divide once at the end."
)
def stops_at_an_empty_rank(gradients, counts):
    means, totals = [], []
    for row, sizes in zip(gradients, counts, strict=True):
        means.append(sum(n * g for g, n in zip(row, sizes, strict=True)) / sum(sizes))
        totals.append(sum(sizes))
    return np.average(means, axis=0, weights=totals)


@averaging.mistake(
    "Every rank counts alike, whatever its number of examples, and a rank without any has no "
    "mean: weight by examples, over all micro-batches of all ranks at once."
)
def a_mean_of_nothing(gradients, counts):
    pairs = zip(gradients, counts, strict=True)
    return np.mean([np.average(row, axis=0, weights=sizes) for row, sizes in pairs], axis=0)


@averaging.mistake(
    "The result is right, but you changed the gradients that you were given: += and [:] = write "
    "into the array itself. Begin with a new array."
)
def added_into_the_first_gradient(gradients, counts):
    right = average_gradients(gradients, counts)
    gradients[0][0][:] = right
    return gradients[0][0]


@averaging.mistake(
    "The result is right, but you changed the gradients that you were given: g *= n writes into "
    "the array itself, n * g makes a new one."
)
def scaled_in_place(gradients, counts):
    right = average_gradients(gradients, counts)
    for row, sizes in zip(gradients, counts, strict=True):
        for g, n in zip(row, sizes, strict=True):
            g *= n
    return right


@averaging.mistake("You averaged over the gradient's own entries as well: axis=0 keeps them apart.")
def one_number(gradients, counts):
    return float(np.mean(average_gradients(gradients, counts)))


@averaging.mistake("You returned the mean once for each rank: one array is asked for.")
def a_copy_for_each_rank(gradients, counts):
    return [average_gradients(gradients, counts) for _ in gradients]


@averaging.mistake(
    "You returned a mean for each rank: these must still become one, weighted by how many "
    "examples each rank has."
)
def a_mean_for_each_rank(gradients, counts):
    width = len(_flat(gradients)[0])
    return [
        np.average(row, axis=0, weights=sizes) if row else np.zeros(width)
        for row, sizes in zip(gradients, counts, strict=True)
    ]


@averaging.mistake(
    "Right, except where rank 0 has no examples: then there is no gradients[0][0] to take the "
    "shape from. Begin the sum with 0.0, which can be added to any array."
)
def shape_of_the_first(gradients, counts):
    total = np.zeros_like(gradients[0][0])
    return total + average_gradients(gradients, counts)


@averaging.mistake(
    "Only the last rank's mean comes out: your sum begins anew for each rank. Set it to zero "
    "once, before the loop over ranks."
)
def last_rank_only(gradients, counts):
    for row, sizes in zip(gradients, counts, strict=True):
        weighted, examples = 0.0, 0  # begun anew for each rank
        for g, n in zip(row, sizes, strict=True):
            weighted, examples = weighted + n * g, examples + n
    return weighted / examples


@averaging.mistake(
    "You divided each gradient by its number of examples, but it is a mean already: multiply by "
    "the number, add up, and divide once, by all examples."
)
def divided_by_the_counts(gradients, counts):
    pairs = zip(gradients, counts, strict=True)
    return sum(g / n for row, sizes in pairs for g, n in zip(row, sizes, strict=True))


@averaging.mistake(
    "You divided each gradient by its number of examples, and the sum by all of them: a gradient "
    "is a mean already, so multiply it by its number; divide only once, at the end."
)
def divided_twice(gradients, counts):
    return divided_by_the_counts(gradients, counts) / sum(map(sum, counts))


@averaging.mistake(
    "The weighted sum is right, but you counted only the last micro-batch of each rank: does the "
    "line that counts the examples stand outside the inner loop?"
)
def last_counts_only(gradients, counts):
    examples = 0
    for row, sizes in zip(gradients, counts, strict=True):
        for _, n in zip(row, sizes, strict=True):  # noqa: B007
            pass
        examples += n  # one level too far out
    return not_divided(gradients, counts) / examples


@averaging.mistake(
    "You weighted each rank by its number of micro-batches: these differ in size, so the weight "
    "is the number of examples."
)
def ranks_weighted_by_micro_batches(gradients, counts):
    weights = [len(sizes) for sizes in counts if sizes]
    return np.average(_rank_means(gradients, counts), axis=0, weights=weights)


@averaging.mistake(
    "You divided with //, which rounds down: gradients have fractions, so divide with /."
)
def rounded_down(gradients, counts):
    return not_divided(gradients, counts) // sum(map(sum, counts))


@averaging.mistake(
    "You put all weighted gradients one after the other (np.concatenate): add them up instead, "
    "entry by entry, so that (P,) numbers are left."
)
def end_to_end(gradients, counts):
    total = sum(map(sum, counts))
    weights = np.concatenate(counts) / total
    each = [gradient for row in gradients for gradient in row]
    return np.concatenate([w * g for w, g in zip(weights, each, strict=True)])


@averaging.mistake(
    "You returned a pair, the gradient and the number of examples: the gradient alone is asked for."
)
def with_the_number_of_examples(gradients, counts):
    return average_gradients(gradients, counts), sum(map(sum, counts))


accumulation = averaging.group("Gradient accumulation", read="lesson.ipynb#Gradient-accumulation")


@accumulation.mistake(
    "You added up the micro-batches of a rank and averaged over ranks: that is what backward() "
    "and DDP do when the loss of a micro-batch was not scaled down first."
)
def steps_summed_ranks_averaged(gradients, counts):
    return _flat(gradients).sum(axis=0) / len(gradients)


@accumulation.mistake(
    "Between ranks your weights are right, but within a rank every micro-batch counts alike: a "
    "last, smaller one then weighs too much."
)
def micro_batches_count_alike_within_a_rank(gradients, counts):
    means = [np.mean(row, axis=0) for row in gradients if row]
    return np.average(means, axis=0, weights=[sum(sizes) for sizes in counts if sizes])


@accumulation.mistake(
    "Only the last micro-batch of each rank is in your result: add up those before it, too (and "
    "clear the sum only after a step)."
)
def last_micro_batch_only(gradients, counts):
    ends = [(row[-1], sizes[-1]) for row, sizes in zip(gradients, counts, strict=True) if row]
    return np.average([g for g, _ in ends], axis=0, weights=[n for _, n in ends])


@accumulation.mistake(
    "Only the first micro-batch of each rank is in your result: go through all of them."
)
def first_micro_batch_only(gradients, counts):
    starts = [(row[0], sizes[0]) for row, sizes in zip(gradients, counts, strict=True) if row]
    return np.average([g for g, _ in starts], axis=0, weights=[n for _, n in starts])


@accumulation.mistake(
    "Between ranks your weights are right, but within a rank you added the gradients of "
    "micro-batches up: weight each by its own number of examples."
)
def sums_weighted_by_rank(gradients, counts):
    total = sum(map(sum, counts))
    pairs = zip(gradients, counts, strict=True)
    return sum(np.sum(row, axis=0) * sum(sizes) / total for row, sizes in pairs if row)


averaging.hints(
    "What is the mean of [1, 2, 3] and [10]? Not the mean of 2 and 10.",
    "A gradient times its number of examples is a sum over examples. Sums can be added over "
    "micro-batches and ranks; divide once, at the very end.",
    "Go over ranks and micro-batches with zip, add up count times gradient and, beside it, the "
    "counts. Return the one sum divided by the other.",
)
