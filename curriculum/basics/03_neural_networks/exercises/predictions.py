"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_layers",
        "Your prediction: two layers without activation",
        "c",
        read="lesson.ipynb#Why-a-line-is-not-enough",
        wrong={
            "a": "More weights, and yet no more functions: multiply the two matrices.",
            "b": "Two matrices in a row are one matrix: no curve can come of them.",
        },
        hints=(
            "Write x @ A @ B. What is A @ B?",
            "A @ B is a single matrix of shape (inputs, outputs).",
            'predicted_layers = "c"',
        ),
    ),
    prediction(
        "predicted_loss",
        "Your prediction: the loss of a network that knows nothing",
        2.303,
        compare=close(rtol=0.02, atol=0.0),
        read="lesson.ipynb#Softmax-and-cross-entropy",
        wrong=[
            (0.1, "0.1 is the probability: the loss is minus its logarithm."),
            (-2.303, "The sign: the logarithm of 0.1 is negative, and the loss is minus that."),
            (1.0, "Minus log10 of 0.1 is 1, but the loss takes the natural logarithm."),
            (0.693, "ln 2 is the loss of a coin flip between two kinds: here there are ten."),
            (0.9, "0.9 is the fraction of errors, not the cross-entropy."),
        ],
        hints=(
            "It gives each of the ten kinds the same probability.",
            "-ln p with p = 1/10.",
            "predicted_loss = 2.303",
        ),
    ),
    prediction(
        "predicted_spread",
        "Your prediction: twenty layers",
        "a",
        difficulty=2,
        read="lesson.ipynb#Initialisation:-twenty-layers",
        wrong={
            "b": "Each layer multiplies the spread by the same factor, and that is not 1: run on.",
            "c": "Each output adds up 64 products, but each product is small: which wins?",
        },
        hints=(
            "One output is the sum of 64 products. The variance of a sum of n independent terms "
            "is n times that of one.",
            "64 * 0.1² = 0.64, and the ReLU halves what is left. The spread is the root of that.",
            'predicted_spread = "a"',
        ),
    ),
]
