"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_accuracy",
        "Your prediction: accuracy of a model that has learned nothing",
        0.98,
        compare=close(rtol=0.001, atol=0.0),
        read="lesson.ipynb#What-goes-wrong:-accuracy-on-rare-positives",
        wrong={
            0.5: "A coin flip is right half the time; this model never says bad, so it is right on "
            "every good loan.",
            0.02: "It is wrong on the 2 % of bad loans, and right on all the others.",
            0.0: "It finds no bad loan, but accuracy counts the good ones, too.",
            1.0: "It misses every bad loan.",
            98.0: "Right, in percent: write it as a number from 0 to 1.",
        },
        hints=(
            "On which applications is it right?",
            "On all the good ones, 98 in 100.",
            "predicted_accuracy = 0.98",
        ),
    ),
    prediction(
        "predicted_factor",
        "Your prediction: half the effect",
        4.0,
        compare=close(rtol=0.05, atol=0.0),
        read="lesson.ipynb#Power-and-sample-size",
        wrong={
            2.0: "The standard error shrinks with the square root of the number of visitors: twice "
            "as many make it only 1.4 times smaller.",
            1.4: "That is how much twice as many visitors narrow the interval: halving it takes "
            "more.",
            8.0: "The effect enters squared, not cubed.",
            0.25: "A smaller effect needs more visitors, not fewer.",
            0.5: "A smaller effect needs more visitors, not fewer.",
        },
        hints=(
            "How must the standard error change, if the effect is half as large?",
            "It must halve, and it shrinks with the square root of the number of visitors.",
            "predicted_factor = 4",
        ),
    ),
    prediction(
        "predicted_peeking",
        "Your prediction: peeking every day",
        "c",
        difficulty=2,
        read="lesson.ipynb#An-experiment:-peeking-every-day",
        wrong={
            "a": (
                "Each look is another chance to fall below 0.05 by luck, and one is enough to "
                "stop: run the next cell."
            ),
            "b": (
                "The 5 % already count both tails. It is the repeated looks that add up, and to "
                "more than a tenth: run the next cell."
            ),
            "d": (
                "That would be 28 independent tests: 1 - 0.95 ** 28 is 0.76. The looks share most "
                "of their data: run the next cell."
            ),
        },
        hints=(
            "With one look it is 5 %. With 28 independent ones it would be 76 %.",
            "There are many looks, but they are not independent: the answer lies well in between.",
            'predicted_peeking = "c"',
        ),
    ),
]
