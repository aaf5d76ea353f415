"""Other right services for the exercise `serve`, and mistakes in what is predicted."""

from __future__ import annotations

import numpy as np

from .other_services import AsAClass, altered_service, application_of, service_with
from .serve import answer_to, is_well_formed, right_predictions, serving

serving.alternative(AsAClass)


@serving.alternative
def in_one_function(models, current):
    return service_with(models, current)


def with_slip(**slips):
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
    predict = _scaled_by(lambda m, rows: rows.mean(axis=0), _spread)
    return with_slip(predict=predict)(models, current)


@skew.mistake("You take the mean from the request's rows: take the model's, as in training.")
def mean_of_the_batch(models, current):
    predict = _scaled_by(lambda m, rows: rows.mean(axis=0), lambda m, rows: m["scale"])
    return with_slip(predict=predict)(models, current)


@skew.mistake("You do not scale at all: the weights belong to (row - mean) / scale.")
def not_scaled(models, current):
    return with_slip(predict=_scaled_by(lambda m, rows: 0.0, lambda m, rows: 1.0))(models, current)


@skew.mistake("You left out the division by scale: the weights belong to (row - mean) / scale.")
def only_centred(models, current):
    predict = _scaled_by(lambda m, rows: m["mean"], lambda m, rows: 1.0)
    return with_slip(predict=predict)(models, current)


@skew.mistake(
    "You divide by the spread of the request's rows: divide by the model's scale, as in training."
)
def spread_of_the_batch(models, current):
    predict = _scaled_by(lambda m, rows: m["mean"], _spread_or_one)
    return with_slip(predict=predict)(models, current)


def _spread_or_one(model, rows):
    deviations = rows.std(axis=0)
    return np.where(deviations > 0, deviations, 1)


@skew.mistake("You subtract the mean after dividing: the weights belong to (row - mean) / scale.")
def mean_after_the_scale(models, current):
    predict = _scaled_by(lambda m, rows: np.multiply(m["mean"], m["scale"]), _own_scale)
    return with_slip(predict=predict)(models, current)


def _own_scale(model, rows):
    return np.array(model["scale"])


@skew.mistake("You multiply by scale: divide by it.")
def multiplied_by_the_scale(models, current):
    predict = _scaled_by(lambda m, rows: m["mean"], lambda m, rows: 1 / _own_scale(m, rows))
    return with_slip(predict=predict)(models, current)


@skew.mistake(
    "You scale by the current version's mean and scale: each version has those of its training."
)
def scaled_by_the_current(models, current):
    def answer(asked, status, content):
        if status < 300:
            model, other = models[content["version"]], models.get(current, {"mean": []})
            if len(model["mean"]) == len(other["mean"]):
                model = {**model, "mean": other["mean"], "scale": other["scale"]}
            content = {**content, "predictions": right_predictions(model, asked["rows"])}
        return (status, content)

    return altered_service(models, current, answer)


versions = serving.group("Versions")


@versions.mistake(
    "You answer an unknown version with another one: the client would never know. Answer 404."
)
def unknown_served(models, current):
    def choose(asked, current):
        return asked if asked in models else current

    return with_slip(choose=choose)(models, current)


@versions.mistake("You answer every request by the current version, whichever it asks for.")
def always_current(models, current):
    return with_slip(choose=lambda asked, current: current)(models, current)


@versions.mistake("You answer 422 to an unknown version: what is asked for is not found, 404.")
def unknown_is_422(models, current):
    return with_slip(unknown=422)(models, current)


@versions.mistake("You give back the version that was asked for: say which one answered.")
def version_not_told(models, current):
    return with_slip(told=lambda used, asked: asked)(models, current)


@versions.mistake(
    "You say that the current version answered, whichever did: the client relies on what you say."
)
def current_always_told(models, current):
    def answer(asked, status, content):
        return status, {**content, "version": current} if status == 200 else content

    return altered_service(models, current, answer)


@versions.mistake(
    "You predict by the current version, and say that the one asked for did: find the model by the "
    "version."
)
def current_always_predicts(models, current):
    def answer(asked, status, content):
        unchanged = (status, content)
        if status != 200 or current not in models:
            return unchanged
        model = models[current]
        if any(len(row) != len(model["weights"]) for row in asked["rows"]):
            return 422, {}
        return 200, {**content, "predictions": right_predictions(model, asked["rows"])}

    return altered_service(models, current, answer)


@versions.mistake(
    "You answer 503 to a version that is asked for and not loaded: that is 404, and 503 is for a "
    "request that asks for none."
)
def unknown_is_503(models, current):
    def answer(asked, status, content):
        return (503 if status == 404 else status), content

    return altered_service(models, current, answer)


@versions.mistake(
    "You answer 503 where the current version is asked for by its name and not loaded: whatever is "
    "asked for by name and not loaded is 404."
)
def named_current_is_503(models, current):
    def answer(asked, status, content):
        return (503 if status == 404 and asked["version"] == current else status), content

    return altered_service(models, current, answer)


@versions.mistake(
    'You take an empty text for no version: "" is a string, and a version that is not loaded.'
)
def empty_is_no_version(models, current):
    def request(asked):
        return {name: value for name, value in asked.items() if value != ""}

    return altered_service(models, current, request=request)


@versions.mistake(
    "You answer 404 to a version that is no string: the body is wrong whatever is loaded, so 422."
)
def no_string_is_unknown(models, current):
    def answer(asked, status, content):
        if type(asked) is dict and type(asked.get("version", "")) is not str:
            status = 404 if is_well_formed({**asked, "version": ""}) else 422
        return (status, content)

    return altered_service(models, current, answer)


@skew.mistake("You left the bias out: it is added to the weighted sum of a row.")
def bias_forgotten(models, current):
    def predict(model, rows):
        return right_predictions({**model, "bias": 0.0}, rows)

    return with_slip(predict=predict)(models, current)


@skew.mistake(
    "Your code fails on an empty list of rows: np.array([]) has one axis. Answer it by an empty "
    "list, or reshape to (-1, K)."
)
def no_rows_fail(models, current):
    def answer(asked, status, content):
        if "predictions" in content:
            model = models[content["version"]]
            x = (np.array(asked["rows"], dtype=float) - model["mean"]) / model["scale"]
            content = {**content, "predictions": (x @ model["weights"] + model["bias"]).tolist()}
        return status, content

    return altered_service(models, current, answer)


@versions.mistake(
    "You look for the model before you have checked the rows: a body that is wrong without any "
    "model is 422, whether its version, or the current one, is loaded or not."
)
def model_before_the_rows(models, current):
    def answer(asked, status, content):
        version = asked.get("version", current) if type(asked) is dict else None
        if type(version) is str and version not in models:
            status = 404 if "version" in asked else 503
        return status, content

    return altered_service(models, current, answer)


@serving.mistake(
    "Your /health waits for the current version: it says that the process lives, or the process "
    "would be started anew while it is loading. /ready is for the model."
)
def health_waits_for_the_current(models, current):
    def answered(method, path, body):
        is_waiting = (method, path) == ("GET", "/health") and current not in models
        return (503, {}) if is_waiting else answer_to(models, current, method, path, body)

    return application_of(answered)


@serving.mistake(
    "Your code fails on a body that is JSON but no object, such as a list: it is a wrong body, so "
    "answer 422 before you ask it for anything."
)
def no_object_fails(models, current):
    def answer(asked, status, content):
        if type(asked) in (list, str, int, float, bool, type(None)):
            asked.get("version")
        return status, content

    return altered_service(models, current, answer)
