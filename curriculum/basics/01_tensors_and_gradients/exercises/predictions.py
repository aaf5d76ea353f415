"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_product",
        "Your prediction: the shape of a product",
        (2452, 3),
        read="lesson.ipynb#The-matrix-product",
        wrong={
            (3, 2452): (
                "The sizes are right, but the order is not: the rows of the result are the rows "
                "of the first factor, x."
            ),
            (2452, 26): "The inner sizes, 26 and 26, vanish: the outer ones are left.",
            (26, 26): "The inner sizes vanish: the outer ones, 2452 and 3, are left.",
            (26, 3): "That is the shape of W.T itself; the result has the 2452 rows of x.",
            (3, 26): "That is the shape of W itself; the result has the 2452 rows of x.",
            (2452, 26, 3): (
                "The products are added up along the inner axis of 26, so that axis vanishes."
            ),
            (2452, 26, 26, 3): "The inner sizes, 26 and 26, must be equal, and both vanish.",
            (2452,): (
                "It would be for one set of weights, of shape (26,); here each of the three "
                "sets gives a column."
            ),
            "error": "It does fit: W.T has the shape (26, 3), and the inner sizes are 26 and 26.",
        },
        hints=(
            "Write the two shapes side by side: (2452, 26) and, for W.T, (26, 3).",
            "The inner sizes, 26 and 26, are equal and vanish.",
            "predicted_product = (2452, 3)",
        ),
    ),
    prediction(
        "predicted_shape",
        "Your prediction: the shape",
        (4, 5, 3),
        read="lesson.ipynb#Broadcasting",
        wrong={
            (4, 1, 3): "The 1 in the middle is stretched, to the 5 of the other tensor.",
            (5, 4, 3): (
                "The sizes are right, but the order is not: write one shape below the other, "
                "aligned at the right, and go column by column."
            ),
            (4, 1, 3, 5, 1): (
                "Broadcasting does not chain the axes of both; it aligns the shapes at the right."
            ),
            (4, 5): "The longer shape has three axes, and none of them is removed.",
            "error": (
                "They do fit: in every position the sizes are equal, or one of them is 1 or "
                "missing."
            ),
            (5, 1, 3): "You aligned the shapes at the left: align them at the right.",
            (4, 5, 1): (
                "Where a 1 meets another size, the 1 is stretched; the other size is not cut down."
            ),
            (4, 6, 3): (
                "You added the sizes, which is right for concatenation: here a 1 is stretched "
                "to the size it meets."
            ),
            (3, 5, 4): "The sizes are right, but you wrote them down from right to left.",
            (4, 1, 5, 3): (
                "The result has as many axes as the longer shape, three: aligned at the right, "
                "the 5 lies below the 1 in the middle."
            ),
            (4, 5, 3, 1): (
                "The result has as many axes as the longer shape, three: aligned at the right, the "
                "last 1 lies below the 3 and is stretched to it."
            ),
        },
        hints=(
            "Write (4, 1, 3) and below it, aligned at the right, (5, 1).",
            "From the right: 3 meets 1, 1 meets 5, 4 meets nothing.",
            "predicted_shape = (4, 5, 3)",
        ),
    ),
    prediction(
        "predicted_sum",
        "Your prediction: view or copy",
        2.0,
        read="lesson.ipynb#Views-and-copies",
        wrong=[
            (
                4.0,
                "You took both for views: b is a slice and shares its memory with a, but c "
                "was made with a list of positions, which copies.",
            ),
            (
                0.0,
                "You took both for copies: a slice such as a[:2] is a view, and what is added "
                "to it is added to a.",
            ),
            (3.0, "Only the two numbers that the slice covers have grown, not all three."),
            (1.0, "b += 1 adds 1 to each of its two numbers."),
            ([1, 1, 0], "You wrote down a itself: the question asks for its sum, one number."),
            (
                [2, 2, 0],
                "You wrote down a itself, and took both for views: the question asks for a "
                "sum, and c is a copy.",
            ),
        ],
        hints=(
            "Which of b and c share memory with a?",
            "b is a slice, so a view. c is picked with a list, so a copy.",
            "predicted_sum = 2.0",
        ),
    ),
    prediction(
        "predicted_rate",
        "Your prediction: a large learning rate",
        "c",
        difficulty=2,
        read="lesson.ipynb#Three-learning-rates",
        wrong={
            "a": (
                "Faster only up to a point: a step that is too long lands on the other side "
                "of the valley, higher up than it started. Run the next cells."
            ),
            "b": (
                "That happens just below the limit; here each swing ends higher than the one "
                "before. Run the next cells."
            ),
        },
        hints=(
            "What happens when a step is longer than twice the distance to the bottom?",
            "It lands on the other side, farther from the bottom than before. And then?",
            'predicted_rate = "c"',
        ),
    ),
]
