"""The check of the exercise `validate`, with any of the usual slips."""

from __future__ import annotations

import math


def is_number(value):
    return type(value) in (int, float)


def is_integer(value):
    return type(value) is int


def measured_value(value, units, rule):
    """Return (value in the rule's unit, problem)."""
    if type(value) is not dict or set(value) != {"value", "unit"}:
        return None, "type"
    if not is_number(value["value"]):
        return None, "type"
    unit = value["unit"]
    if type(unit) is not str or unit not in units:
        return None, "unit"
    factor, offset = units[unit]
    return factor * value["value"] + offset, ""


def checked_field(
    value, rule, *, number=is_number, integer=is_integer, finite=math.isfinite,
    measured=measured_value, in_range=lambda v, low, high: low <= v <= high,
):  # fmt: skip
    """Return (clean value, problem) of a field that was given, with any of the usual slips."""
    kind = rule["kind"]
    if kind == "text":
        return value, "" if type(value) is str else "type"
    if "units" in rule:
        value, problem = measured(value, rule["units"], rule)
        if problem:
            return None, problem
    elif not (integer if kind == "integer" else number)(value):
        return None, "type"
    if not finite(value):
        return None, "not finite"
    if not in_range(value, rule.get("low", -math.inf), rule.get("high", math.inf)):
        return None, "range"
    return value, ""


def validated(
    body, schema, *, field=checked_field, missing=lambda rule: "default" not in rule, unknown=True,
    drop=lambda value: False, only_first=False, partial=False, order=sorted, whole=True,
):  # fmt: skip
    """The whole check, with any of the usual slips."""
    if whole and type(body) is not dict:
        return {}, ["body: type"]
    clean = {}
    errors = [f"{name}: unknown" for name in body if name not in schema] if unknown else []
    for name, rule in schema.items():
        if name not in body or drop(body[name]):
            if missing(rule):
                errors.append(f"{name}: missing")
            else:
                clean[name] = rule.get("default")
            continue
        value, problem = field(body[name], rule)
        if problem:
            errors.append(f"{name}: {problem}")
        else:
            clean[name] = value
    errors = order(errors)
    if only_first:
        errors = errors[:1]
    return ({} if errors and not partial else clean), errors
