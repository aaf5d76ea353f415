"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import close, prediction

EXERCISES = [
    prediction(
        "predicted_average",
        "Your prediction: the server's average",
        2.5,
        minutes=1,
        compare=close(rtol=0.0, atol=1e-6),
        read="lesson.ipynb#Federated-averaging,-by-hand",
        wrong={
            4.5: (
                "That counts each hospital once. A patient of the clinic would then weigh nine "
                "times as much as one of the large hospital: weight by rows."
            ),
            6.5: "The weights are swapped: the one with 900 patients has the weight 0.9.",
            9.0: "That is the sum: the weights of a mean add up to 1.",
        },
        hints=(
            "What fraction of all patients does each of the two have?",
            "The clinic has a tenth of the patients, the large hospital nine tenths.",
            "predicted_average = 0.1 * 7.0 + 0.9 * 2.0",
        ),
    ),
    prediction(
        "predicted_drift",
        "Your prediction: what local steps are worth",
        "b",
        difficulty=2,
        read="lesson.ipynb#Client-drift",
        wrong={
            "a": (
                "Each hospital moves towards its own optimum, and the mean of nine such moves gets "
                "nowhere fast: run the next cells."
            ),
            "c": (
                "What the hospitals learn against one another cancels in the mean, so it does "
                "little harm: run the next cells."
            ),
        },
        hints=(
            "What does a hospital with one diagnosis learn in its ten steps?",
            "Each learns to answer its own diagnosis. What of that survives the mean of nine?",
            'predicted_drift = "b"',
        ),
    ),
    prediction(
        "predicted_masks",
        "Your prediction: a message that never came",
        "c",
        read="lesson.ipynb#Secure-aggregation",
        wrong={
            "a": "Their masks with the fifth hospital have no counterpart now: run the next cell.",
            "b": (
                "A mask is uniform over all numbers below the modulus, so what is left over is not "
                "small: run the next cell."
            ),
        },
        hints=(
            "Which masks no longer cancel?",
            "Each of the eight holds one mask whose counterpart was in the missing message.",
            'predicted_masks = "c"',
        ),
    ),
]
