"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_lora",
        "Your prediction: parameters that LoRA trains",
        384,
        read="lesson.ipynb#LoRA",
        wrong={
            9216: "That is the whole weight, 96 times 96: LoRA trains two thin factors instead.",
            192: "That is one of the two factors: there is one of (2, 96) and one of (96, 2).",
            4: "That is rank times rank: one side of each factor is 96.",
            36864: "Each factor has sides of 2 and 96, and so 2 times 96 entries.",
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
                "It is true that no parameter changes. But a network also holds numbers that are "
                "not parameters: run the next cell."
            ),
            "c": (
                "Frozen parameters get no gradients, and there is no optimiser to apply any: run "
                "the next cell."
            ),
        },
        hints=(
            "Which numbers in a network change without a gradient?",
            "Batch normalisation moves its running statistics in every forward pass in train mode.",
            'predicted_frozen = "b"',
        ),
    ),
    prediction(
        "predicted_relatives",
        "Your prediction: a head made of relatives' rows",
        "b",
        difficulty=2,
        read="deeper.ipynb#Relatives",
        wrong={
            "a": (
                "So does a random head. But the row that answers to shirts answers to many "
                "T-shirts, too: run the next cells."
            ),
            "c": (
                "That takes training: a relative's row is made for the relative, and the row of "
                "the bag is random. Run the next cells."
            ),
        },
        hints=(
            "What does the row of the shirt give for a T-shirt, and what does it give for a bag?",
            "It is high for the T-shirt, whose features are like a shirt's. The bag's is random.",
            'predicted_relatives = "b"',
        ),
    ),
]
