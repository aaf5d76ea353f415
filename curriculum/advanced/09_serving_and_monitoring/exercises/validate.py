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


def with_field(**slips):
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
    return with_field(**checks, measured=_bools_counted)(body, schema)


@types.mistake(
    "You let True and False pass as the value beside a unit: they are no numbers there, either."
)
def bool_beside_a_unit(body, schema):
    return with_field(measured=_bools_counted)(body, schema)


def _bools_counted(value, units, rule):
    if type(value) is dict and type(value.get("value")) is bool:
        value = {**value, "value": int(value["value"])}
    return measured_value(value, units, rule)


@types.mistake("You let floats such as 5.0 pass as integers: only an int is one here.")
def whole_floats_are_integers(body, schema):
    def integer(value):
        return type(value) is int or type(value) is float and value.is_integer()

    return with_field(integer=integer)(body, schema)


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
    return with_field(**slips)(body, schema)


@types.mistake("You refuse ints where a number is asked for: 3 is a number, too, and becomes 3.0.")
def ints_are_no_numbers(body, schema):
    return with_field(number=lambda value: type(value) is float)(body, schema)


@types.mistake(
    "Your code fails on a body that is no dict: the answer is then ({}, ['body: type'])."
)
def body_may_be_anything(body, schema):
    return validated(body, schema, whole=False)


validating.hints(
    "Deal with the whole body first, then with unknown names, then field by field.",
    "For each field of the schema: left out? of the right type? (convert its unit) finite? within "
    "the range? The first that fails is its problem.",
    "type(value) in (int, float) leaves bools out; math.isfinite finds NaN and infinity; "
    "rule.get('low', -math.inf) is a limit that may be absent; sorted(errors) at the end.",
)
