"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_shape",
        "Your prediction: the last states",
        (1, 5, 32),
        read="lesson.ipynb#A-recurrent-cell-by-hand",
        wrong={
            (5, 32): (
                "Nearly: that is what one would expect, but PyTorch puts an axis in front for the "
                "number of stacked layers, here 1."
            ),
            (5, 1, 32): (
                "The right numbers in the wrong order: batch_first concerns only the sequences, "
                "and the last states keep the axis of layers in front."
            ),
            (5, 20, 32): (
                "That is the first result, the states at all 20 steps: the second has only the "
                "last step."
            ),
            (20, 5, 32): (
                "Those are the states at all steps, with time in front: the question is about the "
                "last states, and batch_first puts the batch in front of time."
            ),
            (1, 20, 32): (
                "You kept the 20 steps and dropped the batch: there is one last state for "
                "each of the 5 sequences."
            ),
            (1, 32): (
                "That is the shape for one sequence without a batch: here the 5 sequences "
                "come between the layers and the units."
            ),
            (1, 5, 20): (
                "20 is the number of steps, and only the last one is left: a state has 32 units."
            ),
            (1, 5, 12): "12 is the size of an input: the state has 32 units.",
        },
        hints=(
            "One last state for each sequence. How many sequences, how many units?",
            "In front there is one more axis: the number of layers.",
            "predicted_shape = (1, 5, 32)",
        ),
    ),
    prediction(
        "predicted_slope",
        "Your prediction: a gradient after 50 steps",
        "c",
        read="lesson.ipynb#Vanishing-and-exploding-gradients",
        wrong={
            "a": (
                "Only half is left after 6 or 7 steps: 0.9 is multiplied by itself 50 "
                "times, not subtracted."
            ),
            "b": "A tenth is left after 22 steps: after 44 it is a hundredth, and still shrinking.",
            "C": 'Right, but write it as a small letter: "c".',
            0.9**50: (
                "The number is right: now answer with the letter that belongs to it, in quotes."
            ),
        },
        hints=(
            "The factors are multiplied: 0.9 · 0.9 · 0.9 …",
            "0.9 to the power of 7 is about one half. How often does 7 go into 50?",
            'predicted_slope = "c"',
        ),
    ),
    prediction(
        "predicted_lead",
        "Your prediction: the GRU's lead",
        "b",
        difficulty=2,
        read="lesson.ipynb#Who-buys-again",
        wrong={
            "a": (
                "True, it sees more, but more input helps only if it says something about the "
                "future: run on and see."
            ),
            "c": (
                "It can learn recency and frequency from the purchases as well, and has 70 "
                "000 examples to do so: run on and see."
            ),
            "B": 'Write it as a small letter: "b". Then run on.',
        },
        hints=(
            "What could the order of purchases tell you that their number and the last one do not?",
            "Half of the customers have bought once. What can you learn from one purchase?",
            'predicted_lead = "b"',
        ),
    ),
]
