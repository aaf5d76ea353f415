"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_alone",
        "Your prediction: who is alone",
        "c",
        minutes=1,
        read="lesson.ipynb#Names-removed",
        wrong={
            "a": "Five columns have more combinations than the table has rows: run the next cell.",
            "b": (
                "So it is with the first four columns; the years in the job tell most of the rest "
                "apart: run the next cell."
            ),
        },
        hints=(
            "How many combinations of five such columns are there, and how many rows?",
            "50 ages, 5 states, 4 kinds of job, 6 of home and 40 years in the job make some "
            "240,000 combinations, for 2452 rows.",
            'predicted_alone = "c"',
        ),
    ),
    prediction(
        "predicted_budget",
        "Your prediction: what ten answers cost",
        1.0,
        minutes=1,
        compare=close(rtol=0.0, atol=1e-6),
        read="lesson.ipynb#Composition-and-the-budget",
        wrong={
            0.1: (
                "That is the cost of one answer. Ten answers about the same people tell more than "
                "one, and their losses add up."
            ),
            0.01: "The losses of one person add up: they are not divided among the answers.",
            0.316: (
                "The root of ten is how fast the error of a mean shrinks. In the worst case, "
                "which epsilon is about, losses simply add up."
            ),
            10.0: "Ten answers, but each costs 0.1.",
        },
        hints=(
            "The ratio of probabilities for one answer is at most e^0.1. For two independent ones?",
            "e^0.1 times e^0.1 is e^0.2: exponents add up.",
            "predicted_budget = 1.0",
        ),
    ),
    prediction(
        "predicted_leak",
        "Your prediction: which mistake leaks",
        "d",
        difficulty=2,
        read="lesson.ipynb#What-goes-wrong:-the-batch-is-clipped,-the-noise-is-rare",
        wrong={
            "a": "There too, but between noisy steps the others write the row into the weights.",
            "b": "There too, but a bounded mean of a batch may be made up by one row alone.",
            "c": "DP-SGD as it should be bounds what any attacker can do: run the next cell.",
        },
        hints=(
            "In which version can one broken row move the weights by more than the noise hides?",
            "With the batch clipped, a row that is fifty times larger than the others sets the "
            "step's direction. With rare noise, most steps have none.",
            'predicted_leak = "d"',
        ),
    ),
]
