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
                "That is about the fraction of rows that were sent twice, and those are gone. "
                "Think of customers who applied again, and count their first application, too."
            ),
            "b": (
                "About a fifth of the customers applied again, up to three times: count rows, not "
                "customers, and include the first application."
            ),
        },
        hints=(
            "A fifth of the customers applied again, one to three times.",
            "About three rows in ten are repeat applications; add these customers' first ones.",
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
                "The mean and the standard deviation do not look at the label, and with thousands "
                "of rows they hardly change when you leave a quarter out. Run the next cells."
            ),
            "b": (
                "Still too much: the mean of three quarters of the rows is nearly the mean of all. "
                "Run the next cells."
            ),
        },
        hints=(
            "How much does the mean of 3400 rows move when you leave a quarter of them out?",
            "By about a hundredth of a standard deviation, and for both classes alike.",
            'predicted_scaling = "c"',
        ),
    ),
]
