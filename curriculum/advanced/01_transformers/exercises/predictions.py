"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_spread",
        "Your prediction: how far dot products spread",
        8.0,
        compare=close(rtol=0.0, atol=0.26),
        read="lesson.ipynb#Why-the-scores-are-scaled",
        wrong={
            64.0: (
                "That is the variance: 64 products, each of variance 1. The question asks for the "
                "standard deviation."
            ),
            1.0: (
                "That is the spread of one product of two numbers: a dot product adds 64 of them, "
                "and variances of independent terms add up."
            ),
            0.125: (
                "You divided by the root of 64, as for a mean: a dot product is a sum, and a sum "
                "spreads more, not less, than its terms."
            ),
            32.0: (
                "That is half the width: variances of independent terms add up, and the standard "
                "deviation is the root of their sum."
            ),
        },
        hints=(
            "One product of two independent numbers of variance 1 has the variance 1.",
            "Variances of independent terms add up: 64 terms have the variance 64.",
            "predicted_spread = 8",
        ),
    ),
    prediction(
        "predicted_maps",
        "Your prediction: the shape of the attention maps",
        (4, 6, 10, 10),
        read="lesson.ipynb#Several-heads",
        wrong={
            (4, 10, 10): (
                "That is one map for each text, but each of the heads makes a map of its own."
            ),
            (4, 6, 10, 16): (
                "That is the shape of the queries, keys and values: a map has a weight for each "
                "pair of a query and a key."
            ),
            (4, 10, 96): (
                "That is the shape of what the layer takes and returns: a map has a weight for "
                "each pair of a query and a key, in each head."
            ),
            (4, 10, 10, 6): (
                "The right numbers, but PyTorch has the heads in front, next to the batch, so that "
                "the last two axes form a matrix."
            ),
            (4, 6, 16, 16): (
                "16 is the width of a head: a map has a row for each query and a column for each "
                "key, and there are 10 of them."
            ),
            (6, 10, 10): "That is one text: there are 4 of them in the batch.",
        },
        hints=(
            "Each head of each text has a map of its own.",
            "A map has one row for each query and one column for each key: 10 and 10.",
            "predicted_maps = (4, 6, 10, 10)",
        ),
    ),
    prediction(
        "predicted_loss",
        "Your prediction: a mask that is off by one",
        "c",
        read="lesson.ipynb#What-goes-wrong:-the-mask-is-off-by-one",
        wrong={
            "a": (
                "No error is raised: the shapes are right, and any mask is valid. Look at what "
                "each position sees."
            ),
            "b": (
                "More history helps a little, but here each position sees one character of its "
                "future, and that one is the answer."
            ),
            "d": (
                "One more character is far from noise: it is the very one that the position must "
                "predict."
            ),
            "C": 'Right, but write it as a small letter: "c".',
        },
        hints=(
            "What is the target at position t, and which character does position t see now?",
            "The target at position t is the character at t + 1.",
            'predicted_loss = "c"',
        ),
    ),
]
