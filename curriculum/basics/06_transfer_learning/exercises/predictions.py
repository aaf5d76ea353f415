"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_lora",
        "Your prediction: numbers that LoRA trains",
        384,
        read="lesson.ipynb#LoRA",
        wrong={
            9216: "That is the whole weight, 96 times 96: LoRA trains two thin factors instead.",
            192: "That is one of the two factors: there is one of (2, 96) and one of (96, 2).",
            4: "That is rank times rank: each factor has one side of 96.",
            36864: "The factors' sides are 2 and 96: 2 times 96 numbers each.",
        },
        hints=(
            "Write down the shapes of the two factors.",
            "a is (2, 96), b is (96, 2).",
            "predicted_lora = 2 * 96 + 96 * 2",
        ),
    ),
    prediction(
        "predicted_frozen",
        "Your prediction: a frozen backbone in train mode",
        "b",
        difficulty=2,
        read="lesson.ipynb#What-goes-wrong:-frozen,-and-yet-it-moves",
        wrong={
            "a": (
                "No parameter changes, that is right. But a backbone has numbers that are no "
                "parameters: run the next cell."
            ),
            "c": (
                "The gradients of frozen parameters are not computed, and the optimiser does not "
                "know them: run the next cell."
            ),
        },
        hints=(
            "Which numbers of a network change without a gradient?",
            "Batch normalisation moves its running statistics in every forward pass in train mode.",
            'predicted_frozen = "b"',
        ),
    ),
]
