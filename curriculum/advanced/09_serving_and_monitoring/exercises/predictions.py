"""What the lesson has its reader predict. It earns no points."""

from __future__ import annotations

from lepton_course.authoring import prediction

EXERCISES = [
    prediction(
        "predicted_pages",
        "Your prediction: pages that wait",
        "c",
        read="lesson.ipynb#What-goes-wrong:-the-mean-is-reported",
        wrong={
            "a": "That is the fraction of slow answers. A page waits for 30 of them.",
            "b": "It is more: run the next cell. How likely is it that all 30 answers are fast?",
        },
        hints=(
            "When does a page meet no slow answer at all?",
            "All 30 are fast with probability 0.97 to the power 30, which is 0.4.",
            'predicted_pages = "c"',
        ),
    ),
    prediction(
        "predicted_calls",
        "Your prediction: calls of the model",
        "c",
        read="lesson.ipynb#Dynamic-batching,-counted",
        wrong={
            "a": (
                "While one call runs, other clients' questions arrive. They wait, and the next "
                "call can answer them together."
            ),
            "b": (
                "Nobody arranges the batches. The first call may find a single question, and a "
                "client asks again only after its answer. So some batches are smaller than 16."
            ),
        },
        hints=(
            "What happens to questions that arrive while a call is running?",
            "They wait, and the next call answers them together: up to 16, often fewer.",
            'predicted_calls = "c"',
        ),
    ),
    prediction(
        "predicted_alarms",
        "Your prediction: alarms at weekends",
        "c",
        read="lesson.ipynb#What-goes-wrong:-an-alarm-every-weekend",
        wrong={
            "a": (
                "That would be true if a weekend day's values were drawn like those of the year. "
                "But five days out of seven are weekdays, with three times as many riders."
            ),
            "b": "It is more: run the next cell. Nearly every weekend day differs from the year.",
        },
        hints=(
            "Is a Sunday's count typical of the year?",
            "At weekends a third as many people ride, so most of the 24 values are low.",
            'predicted_alarms = "c"',
        ),
    ),
]
