"""The lesson's predictions: the learner commits to a number before seeing it. No points."""

from __future__ import annotations

from fractions import Fraction

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_counter",
        "Your prediction: the counter",
        0,
        read="lesson.ipynb#One-function,-several-processes",
        wrong=[
            (
                3,
                "You let both workers add to one counter, but memory is not shared: each "
                "worker changed a copy of its own.",
            ),
            (2, "2 is what rank 1 has in its own copy: nothing writes it back into the notebook."),
            (1, "1 is what rank 0 has in its own copy: nothing writes it back into the notebook."),
            (
                [1, 2],
                "That is what the workers return: give the notebook's own `counter`, one number.",
            ),
            (
                1.5,
                "That is the mean of the workers' counters: nothing combines them unless you "
                "write the code for it.",
            ),
        ],
        hints=(
            "In whose memory does `counter += …` happen?",
            "Each worker got a copy of `counter`. What it returns comes back; what it changes "
            "does not.",
            "predicted_counter = 0",
        ),
    ),
    prediction(
        "predicted_photos",
        "Your prediction: photos of one worker",
        3334,
        read="lesson.ipynb#Who-takes-which-examples",
        wrong={
            3333: (
                "You rounded down, so one photo would never be dealt: the list is padded to "
                "10,002, a multiple of 3."
            ),
            10_000
            / 3: "A worker takes whole photos: the list is padded to the next multiple of 3.",
            2500: "That would be right for four workers: here there are three.",
            10_000: "That is what each worker takes when somebody forgets the sampler.",
            10_002: "That is what all three take together, with the padding: divide by 3.",
            5000: "That would be right for two workers: here there are three.",
            3335: "One too many: 3 · 3334 = 10,002 is already enough for all photos.",
            30_000: (
                "You multiplied: an epoch goes through the photos once, and the workers share them."
            ),
            (3334, 3333, 3333): (
                "You gave the ranks different numbers, so those with fewer would leave the "
                "others waiting. All take the same number: give that one number."
            ),
        },
        hints=(
            "Is 10,000 a multiple of 3? What happened with ten examples?",
            "The list is padded to 10,002 and dealt out to three workers.",
            "predicted_photos = 3334",
        ),
    ),
    prediction(
        "predicted_bytes",
        "Your prediction: bytes for each parameter",
        16,
        difficulty=2,
        read="lesson.ipynb#Sharding",
        wrong={
            4: (
                "Four is how many numbers there are, or the bytes of the parameter alone: there "
                "are four numbers of 4 bytes each."
            ),
            8: "You counted the parameter and its gradient: Adam keeps two more numbers.",
            12: (
                "You counted three numbers, and one is missing: Adam keeps a mean of the "
                "gradient and one of its square, and the gradient itself counts too."
            ),
            20: ("You counted five numbers: the parameter, its gradient and Adam's two make four."),
            24: ("You gave Adam's two numbers 8 bytes each: they are float32 like the parameter."),
            128: "128 bits is right: a byte has 8 bits.",
            32: "That would be right for float64: a float32 has 4 bytes.",
            28: (
                "You gave the gradient and Adam's numbers 8 bytes each: all are float32 like "
                "the parameter."
            ),
            2: (
                "That is one number in half precision: a float32 has 4 bytes, and there are "
                "four of them."
            ),
            64: "You multiplied by 4 once too often: four numbers of 4 bytes each.",
        },
        hints=(
            "A float32 has 4 bytes. How many numbers are there for each parameter?",
            "The parameter, its gradient, and Adam's two means: four numbers.",
            "predicted_bytes = 16",
        ),
    ),
    prediction(
        "predicted_bubble",
        "Your prediction: the bubble",
        float(Fraction(1, 9)),
        difficulty=2,
        minutes=3,
        compare=close(atol=5e-3),
        read="lesson.ipynb#A-pipeline-and-its-bubble",
        wrong={
            1 / 8: (
                "You divided by the micro-batches: a direction takes M + S - 1 = 9 beats, not 8."
            ),
            1 / 10: (
                "You divided by M + S: the first stage starts in beat 1, so there are M + S - "
                "1 beats."
            ),
            2 / 9: ("Your numerator is S: a single stage would have no bubble, so it is S - 1."),
            2 / 10: "The numerator is S - 1 and the denominator M + S - 1: both are one smaller.",
            100 / 9: "That is the bubble in percent: write it as a fraction of 1.",
            8
            / 9: "That is the fraction of the time in which a stage works: the bubble is the rest.",
            1 / 2: "That is the bubble without micro-batches, for M = 1.",
            7 / 9: "You swapped S and M: S = 2 stages, M = 8 micro-batches.",
            1 / 16: "You multiplied S and M in the denominator: it is M + S - 1.",
            2 / 8: "That is S / M: the numerator is S - 1, the denominator M + S - 1.",
            1 / 7: "You subtracted S - 1 from M: in the denominator it is added, M + S - 1.",
            9: "You inverted the fraction: the bubble is (S - 1) / (M + S - 1), less than 1.",
            11: "That is the bubble in percent: write it as a fraction of 1.",
        },
        hints=(
            "S is the number of stages, M the number of micro-batches.",
            "S = 2 and M = 8: put them into the formula above.",
            "predicted_bubble = 1 / 9",
        ),
    ),
]
