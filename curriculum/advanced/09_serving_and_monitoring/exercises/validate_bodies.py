"""Bodies and schemas for the exercise `validate`."""

from __future__ import annotations

import math

from lepton_course.authoring import Case


def draw_cases(rng):
    """Yield one round of cases."""
    low = int(rng.integers(-40, -20))
    high = int(rng.integers(30, 50))
    riders = {"kind": "integer", "low": 0}
    station = {"kind": "text"}
    warmth = {
        "kind": "number", "low": low, "high": high,
        "units": {"C": [1.0, 0.0], "F": [0.5555555555555556, -17.77777777777778]},
    }  # fmt: skip
    rain = {"kind": "number", "low": 0.0, "default": 0.0}
    lag = {"kind": "number"}
    note = {"kind": "text", "default": "none"}
    day = {"kind": "integer", "low": 1, "high": 7, "default": 3}
    schema = {"riders": riders, "warmth": warmth, "station": station, "rain": rain}
    number = float(rng.uniform(2, 9))
    many = int(rng.integers(3, 9000))
    celsius = {"value": float(rng.uniform(-9, 20)), "unit": "C"}
    fahrenheit = {"value": int(rng.integers(20, 30)), "unit": "F"}
    right = {"riders": many, "warmth": celsius, "station": "Polk", "rain": number}

    def body(**changes):
        return {**right, **changes}

    def of(given, rules):
        return Case(part, (given, rules))

    part = "right bodies"
    yield of(right, schema)
    yield of({"station": "Austin", "warmth": fahrenheit, "riders": 0}, schema)
    yield of({"lag": -int(rng.integers(2, 90)), "day": 7}, {"lag": lag, "day": day})
    yield of({"lag": -number, "note": ""}, {"note": note, "lag": lag, "day": day})
    yield of({}, {"note": note, "rain": rain})
    yield of(body(warmth={"value": low, "unit": "C"}, rain=0), schema)
    yield of(body(warmth={"unit": "C", "value": float(high)}, riders=1), schema)
    loose = {"riders": {**riders, "default": -1}, "warmth": {**warmth, "default": high + 2.5}}
    loose["note"] = {**note, "default": None}
    loose["day"] = {**day, "default": 0}
    yield of({}, loose)
    yield of({"riders": many, "warmth": celsius}, loose)
    part = "missing and unknown fields"
    yield of({"rain": number, "riders": many}, schema)
    yield of(body(Station="Polk", weather="dry"), schema)
    yield of({}, {"day": day, "lag": lag})
    yield of({"lags": number}, {"lag": lag, "day": day})
    part = "wrong types"
    yield of(body(riders=True), schema)
    yield of(body(riders=float(many)), schema)
    yield of(body(riders=str(many), rain=None), schema)
    yield of(body(rain=False), schema)
    yield of(body(station=1, warmth=number), schema)
    yield of({"lag": str(number), "note": None, "day": [2]}, {"lag": lag, "note": note, "day": day})
    yield of(body(warmth={"value": True, "unit": "C"}), schema)
    yield of(body(warmth={"value": 3.5}), schema)
    yield of(body(warmth={"value": "mild", "unit": "C"}), schema)
    yield of(body(warmth={"value": 3.5, "unit": "C", "by": "hand"}), schema)
    yield of(body(warmth={"value": "mild", "unit": "K"}), schema)
    yield of([["riders", many]], schema)
    yield of(None, {"rain": rain})
    yield of([], {"note": note})
    part = "not finite, or out of range"
    yield of(body(rain=math.nan), schema)
    yield of(body(riders=-1), schema)
    yield of({"lag": math.inf, "day": 8}, {"lag": lag, "day": day})
    yield of({"lag": -math.inf, "day": 0}, {"lag": lag, "day": day})
    yield of(body(warmth={"value": math.nan, "unit": "F"}, rain=-number), schema)
    yield of(body(warmth={"value": math.inf, "unit": "C"}), schema)
    yield of({"rain": -math.inf, "day": 2}, {"rain": rain, "day": day})
    yield of(body(warmth={"value": high + 0.5, "unit": "C"}), schema)
    frost = {"frost": {"kind": "number", "low": low, "high": 0}}
    yield of({"frost": number}, frost)
    yield of({"frost": 0}, frost)
    part = "units"
    yield of(body(warmth={"value": low - 3, "unit": "F"}), schema)
    yield of(body(warmth={"value": high + 40, "unit": "F"}), schema)
    yield of(body(warmth={"value": 280.0, "unit": "K"}), schema)
    yield of(body(warmth={"value": 9.5, "unit": "f"}), schema)
    yield of(body(warmth={"value": 9.5, "unit": 1}), schema)
    yield of(body(warmth={"value": 9.5, "unit": ["C"]}), schema)
