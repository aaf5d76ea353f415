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
                "Nearly: that is what one expects, but PyTorch puts an axis in front for the "
                "number of layers stacked on top of each other, here 1."
            ),
            (5, 1, 32): (
                "The right numbers in another order: batch_first concerns the sequences only, "
                "and the last states keep the axis of layers in front."
            ),
            (5, 20, 32): (
                "That is the first result, the states at all 20 steps: the second has the "
                "last step only."
            ),
            (20, 5, 32): (
                "Those are all states, with time in front: the last states are asked for, and "
                "batch_first puts the batch in front of time."
            ),
            (1, 20, 32): (
                "You kept the 20 steps and dropped the batch: there is one last state for "
                "each of the 5 sequences."
            ),
            (1, 32): (
                "That is the shape for one sequence without a batch: here the 5 sequences "
                "stand between the layers and the units."
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
                "A half is left after 6 or 7 steps already: 0.9 is multiplied by itself 50 "
                "times, not subtracted."
            ),
            "b": "A tenth is left after 22 steps: after 44 it is a hundredth, and it goes on.",
            "C": 'Right, but write it as a small letter: "c".',
            0.9**50: (
                "The number is right: now answer with the letter that belongs to it, in quotes."
            ),
        },
        hints=(
            "The factors are multiplied: 0.9 · 0.9 · 0.9 …",
            "0.9 to the power of 7 is about a half. How often does 7 go into 50?",
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
                "It sees more, that is true, but more is worth something only if it tells "
                "about the future: run on and see."
            ),
            "c": (
                "It can learn recency and frequency from the purchases, too, and it has 70 "
                "000 examples to do so: run on and see."
            ),
            "B": 'Write it as a small letter: "b". Then run on.',
        },
        hints=(
            "What could the order of the purchases tell that their number and the last one do not?",
            "Half of the customers have bought once. What can be read in one purchase?",
            'predicted_lead = "b"',
        ),
    ),
]
