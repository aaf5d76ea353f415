"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_both",
        "Your prediction: customers on both sides",
        "c",
        read="lesson.ipynb#Splits",
        wrong={
            "a": (
                "That is about the fraction of rows that were sent twice, and they are gone: think "
                "of customers who applied again, and of their first application, too."
            ),
            "b": (
                "About a fifth of the customers applied again, up to three times: look at rows, "
                "not at customers, and count the first application as well."
            ),
        },
        hints=(
            "A fifth of the customers applied again, one to three times.",
            "Three customers in ten rows that are repeats, and the first application of each.",
            'predicted_both = "c"',
        ),
    ),
    prediction(
        "predicted_scaling",
        "Your prediction: scaling before the split",
        "c",
        difficulty=2,
        read="lesson.ipynb#Five-leaks,-measured",
        wrong={
            "a": (
                "Mean and deviation do not look at the label, and with thousands of rows they "
                "hardly change when a quarter is left out: run the next cells."
            ),
            "b": (
                "Still too much: the mean of three quarters of the rows is nearly that of all. "
                "Run the next cells."
            ),
        },
        hints=(
            "How much does the mean of 3500 rows move when a quarter of them is left out?",
            "By a few hundredths of a standard deviation, and for both classes alike.",
            'predicted_scaling = "c"',
        ),
    ),
]
