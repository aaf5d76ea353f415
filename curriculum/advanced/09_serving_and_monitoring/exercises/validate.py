"""Check a request's body against a schema: the exercise `validate`."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

from .validate_bodies import draw_cases
from .validate_slips import checked_field, measured_value, validated

validating = exercise(
    "validate",
    title="Check a request's body",
    points=2,
    difficulty=2,
    minutes=11,
    probe=Call(fresh=True),
    compare=close(rtol=1e-9, atol=1e-12),
    read="lesson.ipynb#The-service",
    returns=("clean", "errors"),
    forms=[
        tuple_order((1, 0), "You swapped the two values: return (clean, errors)."),
        only_value(0, "You returned the clean values alone: return (clean, errors)."),
    ],
)


@validating.reference
def validate(body, schema):
    """Return (clean, errors): dict of values, sorted list of "field: problem".

    body: anything that JSON holds. schema: field -> rule, a dict with "kind" ("number", "integer"
    or "text") and perhaps "low", "high", "units", "default".
    """
    if type(body) is not dict:
        return {}, ["body: type"]
    problems = dict.fromkeys(body.keys() - schema.keys(), "unknown")
    clean = {}
    for name, rule in schema.items():
        if name in body:
            clean[name], problems[name] = _checked(body[name], **rule)
        elif "default" in rule:
            clean[name] = rule["default"]
        else:
            problems[name] = "missing"
    errors = sorted(f"{name}: {problem}" for name, problem in problems.items() if problem)
    return ({} if errors else clean), errors


def _checked(value, kind, units=None, low=-math.inf, high=math.inf, default=None):
    """Return (value in the rule's own unit, problem or "") of a field that was given."""
    if kind == "text":
        return value, "type" if type(value) is not str else ""
    factor = 1
    offset = 0
    if units is not None:
        if type(value) is not dict or value.keys() != {"value", "unit"}:
            return value, "type"
        factor, offset = units.get(str(value["unit"]), (None, None))
        value = value["value"]
    if type(value) is not int and (kind == "integer" or type(value) is not float):
        return value, "type"
    if factor is None:
        return value, "unit"
    if not math.isfinite(value):
        return value, "not finite"
    value = factor * value + offset
    if kind == "number":
        value = float(value)
    return value, "" if low <= value <= high else "range"


@validating.alternative
def field_by_field(body, schema):
    return validated(body, schema)


@validating.alternative
def problem_by_problem(body, schema):
    """Collect problems first; convert only when there are none."""
    if not isinstance(body, dict):
        return {}, ["body: type"]
    problems = [name + ": unknown" for name in body.keys() - schema.keys()]
    clean = {}
    for name in schema:
        rule = schema[name]
        if name not in body and "default" in rule:
            clean[name] = rule["default"]
            continue
        problem = "missing"
        if name in body:
            clean[name], problem = _by_kind(body[name], **rule)
        if problem:
            problems.append(f"{name}: {problem}")
    return (clean, []) if not problems else ({}, sorted(problems))


def _by_kind(given, kind, low=-math.inf, high=math.inf, units=None, default=None):
    if kind == "text":
        return given, "" if isinstance(given, str) else "type"
    if units is not None:
        if not isinstance(given, dict) or sorted(given) != ["unit", "value"]:
            return None, "type"
        number = given["value"]
    else:
        number = given
    allowed = int if kind == "integer" else (int, float)
    if isinstance(number, bool) or not isinstance(number, allowed):
        return None, "type"
    if units is not None:
        if not isinstance(given["unit"], str) or given["unit"] not in units:
            return None, "unit"
        number = number * units[given["unit"]][0] + units[given["unit"]][1]
    if number != number or number in (math.inf, -math.inf):
        return None, "not finite"
    if number < low or number > high:
        return None, "range"
    return number, ""


validating.cases(draw_cases)


def _with_field(**slips):
    """Return the check with a slip in how one field is checked."""
    return lambda body, schema: validated(
        body, schema, field=lambda value, rule: checked_field(value, rule, **slips)
    )


types = validating.group("Types")


@types.mistake(
    "You let True and False pass as numbers: in Python bool is a kind of int, so test for it "
    "first. A flag sent in place of a count would be served as 1."
)
def bools_are_numbers(body, schema):
    checks = {
        "number": lambda value: isinstance(value, (int, float)),
        "integer": lambda value: isinstance(value, int),
    }
    return _with_field(**checks)(body, schema)


@types.mistake("You let floats such as 5.0 pass as integers: only an int is one here.")
def whole_floats_are_integers(body, schema):
    def integer(value):
        return type(value) is int or type(value) is float and value.is_integer()

    return _with_field(integer=integer)(body, schema)


@types.mistake(
    'You convert texts that look like numbers: a client that sends "7" has a fault, and is told '
    "so with a type error."
)
def texts_converted(body, schema):
    def number(value):
        if type(value) is not str:
            return type(value) in (int, float)
        return value.lstrip("-").replace(".", "", 1).isdigit()

    slips = {"number": number, "integer": number, "finite": lambda v: math.isfinite(float(v))}
    slips["in_range"] = lambda v, low, high: low <= float(v) <= high
    return _with_field(**slips)(body, schema)


@types.mistake("You refuse ints where a number is asked for: 3 is a number, too, and becomes 3.0.")
def ints_are_no_numbers(body, schema):
    return _with_field(number=lambda value: type(value) is float)(body, schema)


@types.mistake(
    "Your code fails on a body that is no dict: the answer is then ({}, ['body: type'])."
)
def body_may_be_anything(body, schema):
    return validated(body, schema, whole=False)


numbers = validating.group("Numbers")


@numbers.mistake(
    "You let NaN or infinity pass: every comparison with NaN is false, so neither limit notices "
    "it. Ask math.isfinite before the range."
)
def nan_passes(body, schema):
    slips = {"finite": lambda value: True}
    slips["in_range"] = lambda v, low, high: not (v < low or v > high)
    return _with_field(**slips)(body, schema)


@numbers.mistake("Your limits are excluded: a value equal to low or high is allowed.")
def limits_excluded(body, schema):
    return _with_field(in_range=lambda v, low, high: low < v < high)(body, schema)


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

    return _with_field(measured=measured)(body, schema)


@numbers.mistake("You added the offset before multiplying: it is factor * value + offset.")
def offset_first(body, schema):
    def measured(value, units, rule):
        problem = measured_value(value, units, rule)[1]
        if problem:
            return None, problem
        factor, offset = units[value["unit"]]
        return factor * (value["value"] + offset), ""

    return _with_field(measured=measured)(body, schema)


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


validating.hints(
    "Deal with the whole body first, then with unknown names, then field by field.",
    "For each field of the schema: left out? of the right type? (convert its unit) finite? within "
    "the range? The first that fails is its problem.",
    "type(value) in (int, float) leaves bools out; math.isfinite finds NaN and infinity; "
    "rule.get('low', -math.inf) is a limit that may be absent; sorted(errors) at the end.",
)
