"""Mistakes in how the exercise `serve` reads bodies, refuses requests and tells its state."""

from __future__ import annotations

import json
import math

import numpy as np

from .other_services import UNREADABLE, altered_service, application_of, service_with
from .serve import answer_to, right_predictions, serving
from .serve_predictions import with_slip


async def _first_message(receive):
    return (await receive())["body"]


messages = serving.group("Messages")


@messages.mistake(
    "You parse one message of the body: a large body comes in several, so go on while more_body, "
    "and put all of them together."
)
def first_message_only(models, current):
    return with_slip(body_of=_first_message)(models, current)


@messages.mistake(
    "You take an empty piece for the end of the body: only more_body says whether more follow."
)
def empty_piece_ends(models, current):
    async def until_empty(receive):
        piece = await receive()
        body = piece["body"]
        while piece["body"] and piece.get("more_body"):
            piece = await receive()
            body += piece["body"]
        return body

    return with_slip(body_of=until_empty)(models, current)


@messages.mistake(
    "You collect the pieces of all requests in one place: each request begins with none."
)
def pieces_of_all_requests(models, current):
    pieces = []

    async def joined(receive):
        more = True
        while more:
            piece = await receive()
            pieces.append(piece["body"])
            more = piece.get("more_body")
        return b"".join(pieces)

    return with_slip(body_of=joined)(models, current)


bodies = serving.group("Wrong bodies")


@bodies.mistake("You let True and False pass as numbers: a bool is an int in Python, not in JSON.")
def bools_pass(models, current):
    def number(value):
        return isinstance(value, (int, float)) and math.isfinite(value)

    return with_slip(number=number)(models, current)


@bodies.mistake(
    "You let NaN or infinity pass: Python's json reads them, although JSON has no such numbers."
)
def nan_passes(models, current):
    return with_slip(number=lambda value: type(value) in (int, float))(models, current)


@bodies.mistake("You ignore fields that nobody knows: a mistyped `version` would go unnoticed.")
def other_fields_pass(models, current):
    return with_slip(strict=False)(models, current)


@bodies.mistake("A row of another length than the model's weights is a wrong body: answer 422.")
def any_width(models, current):
    def predictions(model, rows):
        columns = list(zip(model["weights"], model["mean"], model["scale"], strict=True))
        pairs = [zip(row, columns, strict=False) for row in rows]
        return [model["bias"] + sum(w * (x - m) / s for x, (w, m, s) in pair) for pair in pairs]

    return with_slip(width=False, predict=predictions)(models, current)


@bodies.mistake("You answer 400 to a wrong body: here it is 422.")
def status_400(models, current):
    return with_slip(invalid=400)(models, current)


@bodies.mistake("You refuse an empty list of rows: its answer is an empty list of predictions.")
def no_rows_refused(models, current):
    return with_slip(nothing=False)(models, current)


@bodies.mistake("You answer 400 to a body that is no JSON: here it is 422, as for any wrong body.")
def no_json_is_400(models, current):
    def answer(asked, status, content):
        return (400 if asked is UNREADABLE else status), content

    return altered_service(models, current, answer)


@bodies.mistake(
    "You let NumPy decide what is a number: np.array(…, dtype=float) takes True, None and texts "
    'such as "2" as well. Look at the type of each value.'
)
def whatever_numpy_takes(models, current):
    def number(value):
        try:
            return np.array(value, dtype=float).ndim == 0
        except (TypeError, ValueError):
            return False

    def predict(model, rows):
        return right_predictions(model, np.array(rows, dtype=float))

    return with_slip(number=number, predict=predict)(models, current)


@bodies.mistake("You cut rows that are too long: another length than the model's is a wrong body.")
def longer_rows_cut(models, current):
    def request(asked):
        return _with_rows(models, current, asked, lambda row, k: [row[:k]])

    return altered_service(models, current, request=request)


@bodies.mistake(
    "You leave out rows of a wrong length: the client could not tell which predictions are whose."
)
def wrong_rows_left_out(models, current):
    def request(asked):
        return _with_rows(models, current, asked, lambda row, k: [row] if len(row) == k else [])

    return altered_service(models, current, request=request)


def _with_rows(models, current, asked, kept):
    """A body in which kept(row, K) stands in place of each row."""
    model = models.get(str(asked.get("version", current)))
    rows = asked.get("rows")
    if model is None or type(rows) is not list or any(type(row) is not list for row in rows):
        return asked
    k = len(model["weights"])
    return {**asked, "rows": [new for row in rows for new in kept(row, k)]}


@bodies.mistake(
    "You look for the version before you have checked the body: a body that is wrong without any "
    "model is 422, whichever version it asks for."
)
def version_before_the_body(models, current):
    def answer(asked, status, content):
        version = asked.get("version") if type(asked) is dict else None
        return (404 if type(version) is str and version not in models else status), content

    return altered_service(models, current, answer)


@bodies.mistake(
    "You answer 503 before you have checked the body: a wrong body is 422, loaded or not."
)
def readiness_before_the_body(models, current):
    def answer(asked, status, content):
        named = type(asked) is dict and "version" in asked
        return (503 if current not in models and not named else status), content

    return altered_service(models, current, answer)


readiness = serving.group("Readiness")


@readiness.mistake(
    "You are always ready: where the current version is not loaded, /ready answers 503, so that no "
    "requests are sent here yet. /health says that the process lives."
)
def always_ready(models, current):
    return with_slip(ready=True)(models, current)


@readiness.mistake(
    "You answer 404 where the current version is not loaded yet: it is 503, try later."
)
def unready_is_404(models, current):
    return with_slip(unready=404)(models, current)


@readiness.mistake(
    "You are ready as soon as any version is loaded: a request that asks for none needs `current`."
)
def ready_with_any(models, current):
    return with_slip(ready=len(models) > 0)(models, current)


@readiness.mistake(
    "You refuse every prediction until the current version is loaded: another version that is "
    "loaded and asked for can answer."
)
def all_wait_for_the_current(models, current):
    def answer(asked, status, content):
        return (503 if current not in models and status in (200, 404) else status), content

    return altered_service(models, current, answer)


@readiness.mistake(
    "Your /health depends on what is loaded: it says that the process lives, or the process would "
    "be started anew while it is loading."
)
def health_waits_for_models(models, current):
    def answered(method, path, body):
        answer = answer_to(models, current, method, path, body)
        is_waiting = (method, path) == ("GET", "/health") and not models
        return (503, answer[1]) if is_waiting else answer

    return application_of(answered)


paths = serving.group("Paths and methods")


@paths.mistake("You answer 404 to another method: the path exists, so it is 405.")
def method_not_found(models, current):
    return with_slip(methods=404)(models, current)


@paths.mistake("You answer 405 to paths that you do not have: whatever the method, it is 404.")
def method_before_the_path(models, current):
    def answered(method, path, body):
        status, content = answer_to(models, current, method, path, body)
        return (405 if status == 404 and method not in ("GET", "POST") else status), content

    return application_of(answered)


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
        if len(x):  # NumPy warns of the mean of nothing
            with np.errstate(all="ignore"):
                means = x.mean(axis=0)
                spreads = x.std(axis=0)
                x = (x - means) / spreads
        found = x @ model["weights"] + model["bias"]
        return 200, {"version": current, "predictions": found.tolist()}

    return service_with(models, current, ready=True, body_of=_first_message, predicted=answer_to)


@whole.mistake("Your predictions are rounded: return all digits.")
def roundedright_predictions(models, current):
    return with_slip(predict=_rounded)(models, current)


@whole.mistake("You take null as if no version was asked for: it is no string, so answer 422.")
def null_is_no_version(models, current):
    return with_slip(null_is_text=True)(models, current)


serving.hints(
    "Ask the colleague's service what the table says, one line after the other.",
    "Read all messages before json.loads. Check all of the body that needs no model, then "
    "find the model, then compare lengths, then predict with the model's mean and scale.",
    "A loop goes on while the message says more_body. type(value) in (int, float) and "
    "math.isfinite(value) is a number. Each refusal is a status and {}.",
)
