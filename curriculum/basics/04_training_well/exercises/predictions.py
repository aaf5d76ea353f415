"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_adam_step",
        "Your prediction: Adam's first step",
        0.01,
        compare=close(rtol=1e-3, atol=0.0),
        read="lesson.ipynb#RMSProp-and-Adam",
        wrong={
            5.0: (
                "That is the step of plain SGD, rate times gradient: Adam divides by the "
                "gradient's size."
            ),
            0.5: (
                "You put (1 - beta1) times the gradient into the step: the bias correction undoes "
                "that factor, and the root divides by the gradient's size."
            ),
            500.0: "That is the gradient itself: Adam divides by its size, and the rate is left.",
            1.0: "Right except for the learning rate, which is 0.01.",
            0.0316: (
                "You left the bias correction out: both averages start at 0, and each is divided "
                "by 1 - beta ** step."
            ),
        },
        hints=(
            "Write down the two averages and their corrections for step 1.",
            "After the correction, the mean is g and the mean square is g squared, so the quotient "
            "is 1 or -1.",
            "predicted_adam_step = 0.01",
        ),
    ),
    prediction(
        "predicted_forgotten",
        "Your prediction: eval() forgotten",
        "c",
        difficulty=2,
        read="lesson.ipynb#What-goes-wrong:-eval()-forgotten",
        wrong={
            "a": (
                "The weights are the same, but in train mode the mean and variance come from the "
                "batch: run the next cell."
            ),
            "b": (
                "Photos of one kind share what tells them apart from the others, and the batch's "
                "mean takes just that away: run the next cell."
            ),
        },
        hints=(
            "Which mean does batch normalisation subtract in train mode?",
            "The mean over the batch. If all photos are trousers, that is the mean trouser.",
            'predicted_forgotten = "c"',
        ),
    ),
]
