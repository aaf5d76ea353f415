"""Answers to advanced/09_serving_and_monitoring on requests, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or follow a neighbouring rule of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "09_serving_and_monitoring")


# --- Check a request's body ---------------------------------------------------------------------


def examined(value, rule, number=(int, float), order=("unit", "finite", "range")):
    """Problem and value of a field, in the words of the statement."""
    kinds = {"number": number, "integer": (int,), "text": (str,)}[rule["kind"]]
    unit = None
    if "units" in rule:
        if not isinstance(value, dict) or len(value) != 2 or not {"value", "unit"} <= set(value):
            return "type", None
        unit = value["unit"]
        value = value["value"]
    if not isinstance(value, kinds) or isinstance(value, bool):
        return "type", None
    if rule["kind"] == "text":
        return "", value
    if "units" in rule and (not isinstance(unit, str) or unit not in rule["units"]):
        return "unit", None
    if math.isnan(value) or math.isinf(value):
        return "not finite", None
    a, b = rule["units"][unit] if "units" in rule else (1, 0)
    number = a * value + b
    fine = number >= rule.get("low", number) and number <= rule.get("high", number)
    return ("", number) if fine else ("range", None)


@TABLE.answer("validate")
def in_the_order_of_names(body, schema):
    if type(body) is not dict:
        return {}, ["body: type"]
    errors = []
    values = {}
    for name in sorted({*body, *schema}):
        if name not in schema:
            errors.append(name + ": unknown")
        elif name in body:
            problem, values[name] = examined(body[name], schema[name])
            errors += [f"{name}: {problem}"] if problem else []
        elif "default" in schema[name]:
            values[name] = schema[name]["default"]
        else:
            errors.append(name + ": missing")
    return (values, errors) if not errors else ({}, errors)


@TABLE.answer("validate")
def numbers_become_floats(body, schema):
    values, errors = in_the_order_of_names(body, schema)
    for name, value in values.items():
        if schema[name]["kind"] == "number":
            values[name] = float(value)
    return values, errors


@TABLE.answer(
    "validate",
    loses={"missing and unknown fields", "wrong types", "not finite, or out of range", "units"},
)
def errors_as_pairs(body, schema):
    values, errors = in_the_order_of_names(body, schema)
    return values, [tuple(error.split(": ")) for error in errors]


@TABLE.answer("validate", loses={"right bodies"})
def defaults_left_out(body, schema):
    values, errors = in_the_order_of_names(body, schema)
    return {name: value for name, value in values.items() if name in body}, errors


@TABLE.answer("validate", loses={"right bodies", "units"})
def units_stay_beside_the_value(body, schema):
    values, errors = in_the_order_of_names(body, schema)
    kept = {n: {"value": v, "unit": "C"} if "units" in schema[n] else v for n, v in values.items()}
    return kept, errors


@TABLE.answer("validate", loses={"right bodies", "wrong types"})
def none_means_left_out(body, schema):
    given = {n: v for n, v in body.items() if v not in (None, "")} if body else body
    return in_the_order_of_names(given, schema) if type(body) is dict else ({}, ["body: type"])


@TABLE.answer("validate", loses={"missing and unknown fields"})
def names_in_any_case(body, schema):
    if type(body) is dict:
        fields = {name.lower(): name for name in schema}
        body = {fields.get(name.lower(), name): value for name, value in body.items()}
    return in_the_order_of_names(body, schema)


@TABLE.answer("validate", loses={"not finite, or out of range"})
def infinity_is_out_of_range(body, schema):
    values, errors = in_the_order_of_names(body, schema)
    return values, [error.replace("not finite", "range") for error in errors]


@TABLE.answer("validate", loses={"wrong types"})
def further_keys_beside_the_unit(body, schema):
    if type(body) is dict:
        body = {
            n: {k: v[k] for k in ("value", "unit") if k in v} if type(v) is dict else v
            for n, v in body.items()
        }
    return in_the_order_of_names(body, schema)


# --- Simulate dynamic batching ------------------------------------------------------------------


def simulated(arrivals, most, wait, service, *, begins=None, taken=None):
    batches, answered, free, done = [], [], -math.inf, 0
    while done < len(arrivals):
        first = arrivals[done]
        nth = arrivals[done + most - 1] if done + most <= len(arrivals) else math.inf
        start = begins(first, nth, free) if begins else max(free, min(nth, first + wait))
        size = sum(1 for a in arrivals[done : done + most] if a <= (taken or max)(start, first))
        free = start + service[size - 1]
        batches += [batches[-1] + 1 if batches else 0] * size
        answered += [free] * size
        done += size
    return np.array(batches), np.array(answered)


@TABLE.answer("batcher")
def with_lists(arrivals, max_batch, max_wait, service):
    return simulated(arrivals.tolist(), max_batch, max_wait, service.tolist())


@TABLE.answer("batcher")
def float32_times(arrivals, max_batch, max_wait, service):
    batches, answered = simulated(arrivals, max_batch, max_wait, service)
    return batches.astype(np.int32), answered.astype(np.float32)


@TABLE.answer("batcher", loses={"waiting times", "a model that falls behind"})
def only_whole_batches_or_single_ones(arrivals, max_batch, max_wait, service):
    def taken(start, first):
        full = np.sum((arrivals >= first) & (arrivals <= start)) >= max_batch
        return start if full else first

    return simulated(arrivals, max_batch, max_wait, service, taken=taken)


@TABLE.answer("batcher", loses={"a model that falls behind"})
def a_free_model_takes_what_is_there(arrivals, max_batch, max_wait, service):
    """Waits for the model, but then never for others: right only if it was free before."""

    def begins(first, nth, free):
        return free if free > first else min(nth, first + max_wait)

    return simulated(arrivals, max_batch, max_wait, service, begins=begins)


@TABLE.answer("batcher", loses=TABLE.parts("batcher"))
def waits_returned(arrivals, max_batch, max_wait, service):
    batches, answered = simulated(arrivals, max_batch, max_wait, service)
    return batches, answered - arrivals


@TABLE.answer("batcher", loses=TABLE.parts("batcher"))
def batches_by_time_windows(arrivals, max_batch, max_wait, service):
    width = max_wait or 1.0
    windows = ((arrivals - arrivals[0]) // width).astype(int)
    batches = np.unique(windows, return_inverse=True)[1]
    answered, free = np.zeros(len(arrivals)), 0.0
    for number in range(batches.max() + 1):
        members = np.flatnonzero(batches == number)
        begin = max(free, arrivals[members[0]] + max_wait)
        free = begin + service[min(len(members), max_batch) - 1]
        answered[members] = free
    return batches, answered


# --- Ask again, with care -----------------------------------------------------------------------


def waits(method, outcomes, uniform, base, cap, budget, *, extra=(), total=sum):
    again = [429, 503, *extra] + [0, 500, 502, 504] * (method[0] in "GHD" or method == "PUT")
    found = []
    for k, (status, header) in enumerate(outcomes):
        if k + 1 == len(outcomes) or status not in again:
            break
        own = uniform[k] * min(cap, base * 2**k)
        wait = own if header is None else max(own, header)
        if total([*found, wait]) > budget:
            break
        found.append(float(wait))
    return found


@TABLE.answer("retry_schedule")
def as_the_statement_says(*args):
    return waits(*args)


@TABLE.answer("retry_schedule")
def by_recursion(method, outcomes, uniform, base, cap, budget):
    def after(k, limit, left):
        status, header = outcomes[k]
        lost = status in (0, 500, 502, 504) and method in ("GET", "HEAD", "PUT", "DELETE")
        if k == len(outcomes) - 1 or not (lost or status in (429, 503)):
            return []
        wait = float(max(uniform[k] * min(limit, cap), -math.inf if header is None else header))
        return [] if wait > left + 1e-9 else [wait, *after(k + 1, 2 * limit, left - wait)]

    return after(0, base, budget)


@TABLE.answer("retry_schedule", loses={"Retry-After"})
def a_header_of_zero_is_none(method, outcomes, *others):
    return waits(method, [(s, 9.0 if h == 0 else h) for s, h in outcomes], *others)


@TABLE.answer("retry_schedule", loses={"growing waits", "Retry-After"})
def one_attempt_fewer(method, outcomes, *others):
    return waits(method, outcomes[:-1], *others) if len(outcomes) > 1 else []


@TABLE.answer("retry_schedule", loses={"what may be asked again"})
def requests_that_conflict_again(*args):
    return waits(*args, extra=(404, 409))


@TABLE.answer("retry_schedule", loses={"the budget"})
def own_waits_alone_count(method, outcomes, uniform, base, cap, budget):
    free = waits(method, outcomes, uniform, base, cap, math.inf)
    own = np.cumsum([u * min(cap, base * 2**k) for k, u in enumerate(uniform[: len(free)])])
    return free[: int(np.sum(own <= budget))]


@TABLE.answer("retry_schedule", loses=TABLE.parts("retry_schedule"))
def equal_jitter(method, outcomes, uniform, *others):
    return waits(method, outcomes, (1 + uniform) / 2, *others)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
