"""What the made-up people write: cards, documents, posts."""

from __future__ import annotations

from lepton_course.datasets.catalogue import CHICAGO
from lepton_hub.catalogue.cards import Card, TableColumn
from lepton_hub.demonstration.made_up_files import Forecast

CATEGORY = "made-up example"
"""Of all items of the content: by it, they are found again."""
LICENCE = "for internal use"

RIDERSHIP = Card(
    title="Riders of Clark/Lake station, 2001 to 2016",
    description=(
        "How many people entered one train station in Chicago, for each of 5,698 days. "
        f"{CHICAGO.citation}."
    ),
    category=CATEGORY,
    tags=["chicago", "riders", "time series"],
    licence=CHICAGO.licence,
    origin=f"City of Chicago, by {CHICAGO.origin}; brought here by the engines team",
    intended_use="Forecasting a day's riders; examples with a strong weekly pattern.",
    limits="One station. Whoever changes trains without leaving is not counted.",
    personal_data="none",
)
RIDERSHIP_COLUMNS = [
    TableColumn(name="date", type="date"),
    TableColumn(name="riders", type="integer", unit="people", description="who entered"),
]
NOTEBOOK = Card(
    title="Riders of tomorrow: the notebook",
    description="Fits the linear forecast and compares it with the same day of last week.",
    category=CATEGORY,
    tags=["forecast", "riders"],
    licence=LICENCE,
    origin="particles team",
    personal_data="none",
)


def model_card(forecast: Forecast) -> Card:
    """Return the card of the forecast's weights."""
    return Card(
        title="Riders of tomorrow: a linear forecast",
        description=(
            "Seven weights and a constant, in thousands of riders: days 1, 7, 8, 14, 15, 21 and 28 "
            "before."
        ),
        category=CATEGORY,
        tags=["forecast", "linear", "riders"],
        licence=LICENCE,
        origin="particles team, fitted on engines/ridership@1",
        intended_use="Planning staff for tomorrow, on days that are like others.",
        limits=(
            f"Root mean square error {forecast.rms['linear']:,.0f} riders on the last year "
            f"({forecast.rms['last week']:,.0f} for the same day of last week). Holidays are "
            "forecast as if they were ordinary days."
        ),
        personal_data="none",
    )


def forecast_document(forecast: Forecast) -> str:
    """Return the document that explains the forecast."""
    rows = "\n".join(
        f"| {name} | {forecast.rms[name]:,.0f} | {forecast.mean[name]:,.0f} |"
        for name in forecast.rms
    )
    return f"""\
The forecast of day $t$ is a weighted sum of seven earlier days and a constant:

$$
\\hat y_t = b + \\sum_{{k \\in K}} w_k \\, y_{{t-k}}, \\qquad K = \\{{1, 7, 8, 14, 15, 21, 28\\}}
$$

All $y$ are thousands of riders. Lags 7, 14, 21 and 28 carry the weekly pattern; 1, 8 and 15 say
whether this week runs above or below the ones before. Least squares chooses $w$ and $b$ on all days
but the last 365.

![Eight weeks at the end of the data](attachment:last-weeks.png)

## Is it any good?

Errors on the last year, in riders:

| forecast | root mean square | mean absolute |
|---|---:|---:|
{rows}

By the mean absolute error, a median of four weeks does better: it ignores holidays altogether,
while least squares spends its effort on them. Which one to take depends on what a large error
costs: see the question below.

Data: `hub:engines/ridership@1`. Notebook: `hub:particles/ridership-forecast@1`.
"""


COUNTING_DRAFT = """\
A rider is somebody who passes a turnstile of the station. Whoever changes trains inside is not
counted.
"""
COUNTING = """\
A rider is somebody who passes a turnstile of the station.

- Whoever changes trains inside is **not** counted.
- Whoever leaves and comes back counts twice.
- Turnstiles that fail report nothing; those days look like holidays, and are kept as they came.

The counts stand in `hub:engines/ridership`.
"""

STRANGE_DAYS = """\
25 December is the emptiest day of nearly every year, around 1,000 riders instead of 15,000. Should
a model learn that, or should we leave holidays out of the training data?
"""
STRANGE_DAYS_REPLY = """\
I would keep them: they are what people did. Leave them out of the *comparison*, or show them apart,
if an ordinary day is what you plan for.
"""

WHICH_ERROR = """\
By the mean absolute error, the median of four weeks beats our linear model; by the root mean square
it is the other way round. Which of the two do we report to the people who plan the staff?
"""
WHICH_ERROR_REPLY = """\
Ask them what a wrong number costs. One that is off by 10,000 costs them far more than ten that are
off by 1,000, so the root mean square is closer to their cost: the linear model it is.
"""
WHICH_ERROR_MORE = """\
And say both. With one number, the next team will ask the same.
"""

FOLDS = """\
With data of many years, do you cut folds by calendar years or by equal numbers of days? The lesson
cuts by time and leaves the length open.
"""
