"""The mistakes that learners make in the exercise `validate`."""

from __future__ import annotations

import math

from .validate import types, validating, with_field
from .validate_slips import checked_field, measured_value, validated

numbers = validating.group("Numbers")


@numbers.mistake(
    "You let NaN or infinity pass: every comparison with NaN is false, so neither limit notices "
    "it. Ask math.isfinite before the range."
)
def nan_passes(body, schema):
    slips = {"finite": lambda value: True}
    slips["in_range"] = lambda v, low, high: not (v < low or v > high)
    return with_field(**slips)(body, schema)


@numbers.mistake(
    "You look for NaN and infinity only where no units are: one with a unit must be finite, too."
)
def not_finite_with_a_unit(body, schema):
    def field(value, rule):
        slips = {"in_range": lambda v, low, high: not (v < low or v > high)}
        if "units" in rule:
            slips["finite"] = lambda value: True
        return checked_field(value, rule, **slips)

    return validated(body, schema, field=field)


@numbers.mistake(
    "You look at the range before you ask whether a number is finite: infinity is then `range`, "
    "but its problem is `not finite`."
)
def range_before_finite(body, schema):
    def field(value, rule):
        clean, problem = checked_field(value, rule)
        if problem == "not finite":
            sent = value["value"] if "units" in rule else value
            above = sent > rule.get("high", math.inf)
            problem = "range" if above or sent < rule.get("low", -math.inf) else problem
        return clean, problem

    return validated(body, schema, field=field)


@numbers.mistake(
    "You leave NaN and infinity to the limits: NaN is then `range`, and infinity passes where "
    "there is no limit. Ask math.isfinite first; their problem is `not finite`."
)
def left_to_the_limits(body, schema):
    return with_field(finite=lambda value: True)(body, schema)


@numbers.mistake("You ask for NaN alone: infinity is not finite, either. math.isfinite finds both.")
def only_nan_is_not_finite(body, schema):
    return with_field(finite=lambda value: not math.isnan(value))(body, schema)


@numbers.mistake("Your limits are excluded: a value equal to low or high is allowed.")
def limits_excluded(body, schema):
    return with_field(in_range=lambda v, low, high: low < v < high)(body, schema)


@numbers.mistake(
    "You check the range of the value as it was sent: low and high are in the schema's own unit, "
    "so convert first."
)
def range_before_the_unit(body, schema):
    def field(value, rule):
        clean, problem = checked_field(value, {**rule, "low": -math.inf, "high": math.inf})
        if problem or rule["kind"] == "text":
            return checked_field(value, rule)
        sent = value["value"] if "units" in rule else value
        low, high = rule.get("low", -math.inf), rule.get("high", math.inf)
        return (clean, "") if low <= sent <= high else (None, "range")

    return validated(body, schema, field=field)


@numbers.mistake("You did not convert units: multiply by the unit's factor and add its offset.")
def units_ignored(body, schema):
    def measured(value, units, rule):
        problem = measured_value(value, units, rule)[1]
        return (None, problem) if problem else (value["value"], "")

    return with_field(measured=measured)(body, schema)


@numbers.mistake("You added the offset before multiplying: it is factor * value + offset.")
def offset_first(body, schema):
    slip = _turned(lambda v, factor, offset: factor * (v + offset))
    return with_field(measured=slip)(body, schema)


def _turned(conversion):
    """Return a check of a value with a unit that converts it in another way."""

    def measured(value, units, rule):
        problem = measured_value(value, units, rule)[1]
        return (
            (None, problem) if problem else (conversion(value["value"], *units[value["unit"]]), "")
        )

    return measured


fields = validating.group("Fields")


@fields.mistake(
    "You ignore fields that the schema does not know: a mistyped name would silently be replaced "
    "by a default."
)
def unknown_ignored(body, schema):
    return validated(body, schema, unknown=False)


@fields.mistake("You stopped at the first error: list the problem of every field.")
def first_error_only(body, schema):
    return validated(body, schema, only_first=True)


@fields.mistake("You returned the fields that are right beside the errors: clean is then empty.")
def clean_beside_errors(body, schema):
    return validated(body, schema, partial=True)


@fields.mistake("Your errors are in the order of the fields: sort them.")
def errors_not_sorted(body, schema):
    return validated(body, schema, order=list)


@fields.mistake("You demand fields that have a default: they may be left out, and then take it.")
def defaults_ignored(body, schema):
    return validated(body, schema, missing=lambda rule: True)


@fields.mistake(
    "You take falsy values (0, an empty text, None) as left out: ask whether the name is in body."
)
def falsy_is_missing(body, schema):
    return validated(body, schema, drop=lambda value: not value)


@fields.mistake("You left out the fields that take their default: clean holds all of the schema.")
def defaults_left_out(right, a):
    clean, errors = right()
    return {name: value for name, value in clean.items() if name in a.body}, errors


@fields.mistake("You take null for a field that was left out: it is a value of a wrong type.")
def null_is_missing(body, schema):
    return validated(body, schema, drop=lambda value: value is None)


@fields.mistake("You let other keys stand beside value and unit: there are exactly these two.")
def further_keys_pass(right, a):
    if type(a.body) is not dict:
        return right()
    kept = {
        name: {k: v for k, v in value.items() if k != "by"} if type(value) is dict else value
        for name, value in a.body.items()
    }
    return right(body=kept)


@fields.mistake("You call NaN and infinity out of range: their problem is `not finite`.")
def not_finite_is_a_range(right, a):
    clean, errors = right()
    return clean, [error.replace("not finite", "range") for error in errors]


@fields.mistake(
    "A default such as 0, an empty text or None is a default, too: ask whether the rule has one, "
    "not whether it is true."
)
def falsy_defaults_ignored(body, schema):
    return validated(body, schema, missing=lambda rule: not rule.get("default"))


@fields.mistake("You check or convert defaults: a field that is left out takes its default as is.")
def defaults_checked(right, a):
    if type(a.body) is not dict:
        return right()
    defaults = {name: rule["default"] for name, rule in a.schema.items() if "default" in rule}
    return right(body={**defaults, **a.body})


@fields.mistake(
    "You let unknown fields pass into clean: it holds the schema's fields alone, and others are "
    "errors."
)
def unknown_kept(body, schema):
    clean, errors = validated(body, schema, unknown=False)
    extra = {} if errors else {name: body[name] for name in body if name not in schema}
    return {**clean, **extra}, errors


@numbers.mistake("A limit of 0 is a limit: ask whether the rule has it, not whether it is true.")
def limit_of_zero_ignored(right, a):
    def kept(rule):
        return {key: rule[key] for key in rule if key not in ("low", "high") or rule[key]}

    return right(schema={name: kept(rule) for name, rule in a.schema.items()})


@types.mistake(
    "You take a body that is null, or an empty list or text, for an empty dict: it is no dict, so "
    "the answer is ({}, ['body: type'])."
)
def nothing_is_an_empty_body(right, a):
    return right(body=a.body or {})


units = validating.group("Units")


@units.mistake("You convert the other way: the value stands for factor * value + offset.")
def converted_the_other_way(body, schema):
    slip = _turned(lambda v, factor, offset: (v - offset) / factor)
    return with_field(measured=slip)(body, schema)


@units.mistake(
    "You checked the converted value and kept what was sent: clean holds the number in the "
    "schema's own unit."
)
def sent_value_kept(right, a):
    clean, errors = right()
    return {name: a.body.get(name, value) for name, value in clean.items()}, errors


@units.mistake("An unknown unit is a problem of its own, `unit`; you called it `type`.")
def unknown_unit_is_a_type(right, a):
    clean, errors = right()
    return clean, sorted(error.replace(": unit", ": type") for error in errors)


@units.mistake(
    "You look for the unit before the type of the value: where both are wrong, the problem is "
    "`type`."
)
def unit_before_the_type(body, schema):
    def measured(value, units, rule):
        found = measured_value(value, units, rule)
        if type(value) is dict and set(value) == {"value", "unit"}:
            problem = measured_value({**value, "value": 0}, units, rule)[1]
            found = (None, problem) if problem else found
        return found

    return with_field(measured=measured)(body, schema)


@units.mistake(
    "You take a number without a unit where units are asked for: nobody knows in which unit it is, "
    "so its problem is `type`."
)
def number_without_a_unit(body, schema):
    def measured(value, units, rule):
        plain = type(value) in (int, float)
        return (value, "") if plain else measured_value(value, units, rule)

    return with_field(measured=measured)(body, schema)


@units.mistake(
    "You refuse ints where a number is asked for, beside a unit, too: 3 is a number, and becomes "
    "3.0."
)
def ints_are_no_numbers_anywhere(body, schema):
    def measured(value, units, rule):
        found = measured_value(value, units, rule)
        whole = type(value) is dict and type(value.get("value")) is int
        return (None, "type") if whole else found

    return with_field(number=lambda value: type(value) is float, measured=measured)(body, schema)


@units.mistake(
    "Your code fails where the unit is a list: JSON holds that as well, and it is not in `units`. "
    "Ask for a text before you look it up."
)
def unit_may_be_anything(body, schema):
    def measured(value, units, rule):
        if type(value) is dict and set(value) == {"value", "unit"}:
            hash(value["unit"])
        return measured_value(value, units, rule)

    return with_field(measured=measured)(body, schema)
