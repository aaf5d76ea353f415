"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.exercises import (
    Case,
    Exercise,
    Misconception,
    Value,
    exact,
)

BROADCASTING = "lesson.ipynb#Broadcasting"


VIEWS = "lesson.ipynb#Views-and-copies"


RATES = "lesson.ipynb#Three-learning-rates"


def one_question(rng):
    return [Case("your prediction")]


def _wrong_value(name, value, sentence, read=""):
    return Misconception(name, value, sentence, read)


EXERCISES = [
    Exercise(
        name="predicted_shape",
        title="Your prediction: the shape",
        points=0,
        difficulty=1,
        minutes=2,
        reference=(4, 5, 3),
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=BROADCASTING,
        misconceptions=[
            _wrong_value(
                "aligned from the left",
                (4, 1, 3),
                "The 1 in the middle is stretched, to the 5 of the other tensor.",
            ),
            _wrong_value(
                "right tensor first",
                (5, 4, 3),
                "The sizes are right, but the order is not: write both shapes under each other, "
                "flush right, and go column by column.",
            ),
            _wrong_value(
                "all axes kept",
                (4, 1, 3, 5, 1),
                "Broadcasting does not line axes up one behind the other; it lays the shapes over "
                "each other, flush right.",
            ),
            _wrong_value(
                "one axis lost",
                (4, 5),
                "The longer shape has three axes, and none of them goes away.",
            ),
            _wrong_value(
                "an error",
                "error",
                "They do fit: in every place the sizes are equal, or one of them is 1 or missing.",
            ),
            _wrong_value(
                "largest of the wrong pairs",
                (5, 1, 3),
                "You laid the shapes over each other flush left: it is done flush right.",
            ),
            _wrong_value(
                "smallest of a pair",
                (4, 5, 1),
                "Where 1 meets another size, the 1 is stretched, and not the other one cut down.",
            ),
            _wrong_value(
                "sizes added",
                (4, 6, 3),
                "You added the sizes, as when tables are put one behind the other: here a 1 "
                "is stretched to the size that it meets.",
            ),
            _wrong_value(
                "in reverse order",
                (3, 5, 4),
                "The sizes are right, but you wrote them down from right to left.",
            ),
            _wrong_value(
                "an axis too many",
                (4, 1, 5, 3),
                "The result has as many axes as the longer shape, three: flush right, the 5 "
                "lies below the 1 in the middle.",
            ),
            _wrong_value(
                "a one behind",
                (4, 5, 3, 1),
                "The result has as many axes as the longer shape, three: flush right, the "
                "last 1 lies below the 3 and is stretched to it.",
            ),
        ],
        hints=(
            "Write (4, 1, 3) and below it, flush right, (5, 1).",
            "From the right: 3 meets 1, 1 meets 5, 4 meets nothing.",
            "predicted_shape = (4, 5, 3)",
        ),
    ),
    Exercise(
        name="predicted_sum",
        title="Your prediction: view or copy",
        points=0,
        difficulty=1,
        minutes=2,
        reference=2.0,
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=VIEWS,
        misconceptions=[
            _wrong_value(
                "two views",
                4.0,
                "You took both for views: b is a slice and shares its memory with a, but c was "
                "made with a list of positions, which copies.",
            ),
            _wrong_value(
                "two copies",
                0.0,
                "You took both for copies: a slice such as a[:2] is a view, and what is added to "
                "it is added to a.",
            ),
            _wrong_value(
                "the whole tensor",
                3.0,
                "Only the two numbers that the slice shows have grown, not all three.",
            ),
            _wrong_value(
                "one for the slice",
                1.0,
                "b += 1 adds 1 to each of its two numbers.",
            ),
            _wrong_value(
                "the tensor",
                [1, 1, 0],
                "You wrote down a itself: its sum is asked for, one number.",
            ),
            _wrong_value(
                "the tensor, all grown",
                [2, 2, 0],
                "You wrote down a itself, and took both for views: a sum is asked for, and c "
                "is a copy.",
            ),
        ],
        hints=(
            "Which of b and c share memory with a?",
            "b is a slice, so a view. c is picked with a list, so a copy.",
            "predicted_sum = 2.0",
        ),
    ),
    Exercise(
        name="predicted_rate",
        title="Your prediction: a large learning rate",
        points=0,
        difficulty=2,
        minutes=2,
        reference="c",
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=RATES,
        misconceptions=[
            _wrong_value(
                "faster",
                "a",
                "Faster only up to a point: a step that is too long lands on the other side of the "
                "valley, higher up than it started. Run on.",
            ),
            _wrong_value(
                "swings and settles",
                "b",
                "That happens just below the limit; here each swing ends higher than the one "
                "before. Run on.",
            ),
        ],
        hints=(
            "What does a step do that is longer than twice the way to the bottom?",
            "It lands on the other side, farther from the bottom than before. And then?",
            'predicted_rate = "c"',
        ),
    ),
]
