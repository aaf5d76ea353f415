"""Other right services and the mistakes that learners make: the rest of the exercise `serve`."""

from __future__ import annotations

import json
import math

import numpy as np

from .other_services import AsAClass, service_with
from .serve import right_predictions, serving

serving.alternative(AsAClass)


@serving.alternative
def in_one_function(models, current):
    return service_with(models, current)


def _slip(**slips):
    return lambda models, current: service_with(models, current, **slips)


def _scaled_by(mean, scale):
    def predictions(model, rows):
        scaled = (np.array(rows) - mean(model, np.array(rows))) / scale(model, np.array(rows))
        return (scaled @ model["weights"] + model["bias"]).tolist()

    return predictions


def _spread(model, rows):
    return rows.std(axis=0) + 1e-9


skew = serving.group("Scaling", read="lesson.ipynb#What-goes-wrong:-two-programs-for-one-feature")


@skew.mistake(
    "You scale with the mean and spread of the rows in the request, so an answer depends on its "
    "neighbours: scale with the model's own, as in training."
)
def scaled_by_the_batch(models, current):
    return _slip(predict=_scaled_by(lambda m, rows: rows.mean(axis=0), _spread))(models, current)


@skew.mistake("You take the mean from the request's rows: take the model's, as in training.")
def mean_of_the_batch(models, current):
    predict = _scaled_by(lambda m, rows: rows.mean(axis=0), lambda m, rows: m["scale"])
    return _slip(predict=predict)(models, current)


@skew.mistake("You do not scale at all: the weights belong to (row - mean) / scale.")
def not_scaled(models, current):
    return _slip(predict=_scaled_by(lambda m, rows: 0.0, lambda m, rows: 1.0))(models, current)


@skew.mistake("You left out the division by scale: the weights belong to (row - mean) / scale.")
def only_centred(models, current):
    predict = _scaled_by(lambda m, rows: m["mean"], lambda m, rows: 1.0)
    return _slip(predict=predict)(models, current)


async def _first_message(receive):
    return (await receive())["body"]


messages = serving.group("Messages")


@messages.mistake(
    "You parse one message of the body: a large body comes in several, so go on while more_body, "
    "and put all of them together."
)
def first_message_only(models, current):
    return _slip(body_of=_first_message)(models, current)


bodies = serving.group("Wrong bodies")


@bodies.mistake("You let True and False pass as numbers: a bool is an int in Python, not in JSON.")
def bools_pass(models, current):
    def number(value):
        return isinstance(value, (int, float)) and math.isfinite(value)

    return _slip(number=number)(models, current)


@bodies.mistake(
    "You let NaN or infinity pass: Python's json reads them, although JSON has no such numbers."
)
def nan_passes(models, current):
    return _slip(number=lambda value: type(value) in (int, float))(models, current)


@bodies.mistake("You ignore fields that nobody knows: a mistyped `version` would go unnoticed.")
def other_fields_pass(models, current):
    return _slip(strict=False)(models, current)


@bodies.mistake("A row of another length than the model's weights is a wrong body: answer 422.")
def any_width(models, current):
    def predictions(model, rows):
        columns = list(zip(model["weights"], model["mean"], model["scale"], strict=True))
        pairs = [zip(row, columns, strict=False) for row in rows]
        return [model["bias"] + sum(w * (x - m) / s for x, (w, m, s) in pair) for pair in pairs]

    return _slip(width=False, predict=predictions)(models, current)


@bodies.mistake("You answer 400 to a wrong body: here it is 422.")
def status_400(models, current):
    return _slip(invalid=400)(models, current)


@bodies.mistake("You refuse an empty list of rows: its answer is an empty list of predictions.")
def no_rows_refused(models, current):
    return _slip(nothing=False)(models, current)


versions = serving.group("Versions")


@versions.mistake(
    "You answer an unknown version with another one: the client would never know. Answer 404."
)
def unknown_served(models, current):
    def choose(asked, current):
        return asked if asked in models else current

    return _slip(choose=choose)(models, current)


@versions.mistake("You answer every request by the current version, whichever it asks for.")
def always_current(models, current):
    return _slip(choose=lambda asked, current: current)(models, current)


@versions.mistake("You answer 422 to an unknown version: what is asked for is not found, 404.")
def unknown_is_422(models, current):
    return _slip(unknown=422)(models, current)


@versions.mistake("You give back the version that was asked for: say which one answered.")
def version_not_told(models, current):
    return _slip(told=lambda used, asked: asked)(models, current)


readiness = serving.group("Readiness")


@readiness.mistake(
    "You are always ready: where the current version is not loaded, /ready answers 503, so that no "
    "requests are sent here yet. /health says that the process lives."
)
def always_ready(models, current):
    return _slip(ready=True)(models, current)


@readiness.mistake(
    "You answer 404 where the current version is not loaded yet: it is 503, try later."
)
def unready_is_404(models, current):
    return _slip(unready=404)(models, current)


def _rounded(model, rows):
    return [round(value, 2) for value in right_predictions(model, rows)]


whole = serving.group("All of it")


@whole.mistake(
    "This is the colleague's service as it was: repair how it scales, what it does with wrong "
    "bodies and unknown versions, when it is ready, and how it reads large bodies."
)
def as_the_colleague_left_it(models, current):
    def answer_to(body):
        asked = json.loads(body)
        model = models.get(asked.get("version"), models[current])
        x = np.array(asked["rows"], dtype=float)
        with np.errstate(all="ignore"):
            found = (x - x.mean(axis=0)) / x.std(axis=0) @ model["weights"] + model["bias"]
        return 200, {"version": current, "predictions": found.tolist()}

    return service_with(models, current, ready=True, body_of=_first_message, predicted=answer_to)


@whole.mistake("Your predictions are rounded: return all digits.")
def roundedright_predictions(models, current):
    return _slip(predict=_rounded)(models, current)


@whole.mistake("You take null as if no version was asked for: it is no string, so answer 422.")
def null_is_no_version(models, current):
    return _slip(null_is_text=True)(models, current)


serving.hints(
    "Ask the colleague's service what the table says, one line after the other.",
    "Read all messages before json.loads. Check all of the body that needs no model, then "
    "find the model, then compare lengths, then predict with the model's mean and scale.",
    "A loop goes on while the message says more_body. type(value) in (int, float) and "
    "math.isfinite(value) is a number. Each refusal is a status and {}.",
)
