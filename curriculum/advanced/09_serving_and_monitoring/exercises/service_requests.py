"""Models and requests for the exercise `serve`."""

from __future__ import annotations

import json

from lepton_course.authoring import Case


def draw_model(rng, width):
    """Return a linear model of `width` scaled features, as plain lists and floats."""
    return {
        "mean": rng.normal(4, 5, width).tolist(),
        "scale": rng.uniform(0.5, 4, width).tolist(),
        "weights": rng.normal(0, 2, width).tolist(),
        "bias": float(rng.normal(3, 2)),
    }


def request(method, path, body="", cuts=()):
    """Return a request whose body (text, or what becomes JSON) arrives cut at these places."""
    text = body if isinstance(body, str) else json.dumps(body)
    places = [0, *cuts, len(text)]
    chunks = [text[a:b] for a, b in zip(places, places[1:], strict=False)] if text else []
    return {"method": method, "path": path, "body": chunks}


def predict(body, cuts=()):
    """Return a request for predictions."""
    return request("POST", "/predict", body, cuts)


def draw_cases(rng):
    """Yield one round of cases: two loaded versions of different width, or none."""

    def rows(count, width):
        return rng.normal(4, 6, (count, width)).round(3).tolist()

    def case(part, requests, widths=(2, 3), current="v2"):
        names = ["v2", "v1", "v10"]
        models = {name: draw_model(rng, w) for name, w in zip(names, widths, strict=False)}
        return Case(part, (models, current), x=requests)

    part = "health and readiness"
    questions = [request("GET", "/health"), request("GET", "/ready")]
    one = predict({"rows": rows(1, 2)})
    yield case(part, questions)
    yield case(part, [*questions, one, predict({"rows": []})], current="v3")
    yield case(part, [one, *reversed(questions)], widths=(), current="v1")
    yield case(
        part,
        [
            request("POST", "/ready"), request("POST", "/health", "{}"), request("GET", "/predict"),
            request("PUT", "/predict", {"rows": []}), request("GET", "/"), request("POST", "/v1"),
            request("GET", "/predict/v2"), request("GET", "/ready"), request("DELETE", "/models"),
        ],
        widths=(1,),
    )  # fmt: skip

    part = "predictions"
    asked = rows(4, 3)
    alone = [predict({"rows": [row]}) for row in asked[:2]]
    yield case(part, [predict({"rows": asked}), *alone, predict({"rows": asked[1:]})], widths=(3,))
    yield case(part, [predict({"rows": [[3, -2], [0, 5]]}), predict({"rows": []})])
    yield case(part, [predict({"rows": [row] * 3}) for row in rows(2, 1)], (1, 4))

    part = "bodies in several messages"
    long = {"rows": rows(3, 2)}
    yield case(part, [predict(long, cuts=(9,)), predict(long)])
    yield case(part, [predict(long, cuts=(1, 20, 31)), predict({"rows": rows(1, 2)}, cuts=(0, 7))])
    yield case(part, [predict({"rows": rows(9, 4)}, cuts=(100, 180))], widths=(4, 2))

    part = "wrong bodies"
    good = rows(2, 2)
    fine = predict({"rows": good})
    wrong = [
        "", "rows", '{"rows": [[1, 2]', {"row": good}, [good], "null", {"rows": 3},
        {"rows": [1.5, 2.5]}, {"rows": {"0": [1, 2]}}, {"rows": good, "batch": 2},
    ]  # fmt: skip
    yield case(part, [*[predict(body) for body in wrong], fine])
    numbers = [
        [[True, 2.5]], [[1.5, "2"]], [[None, 1]], [[1.5, [2]]], '[[NaN, 1]]', "[[1, Infinity]]",
        "[[-Infinity, 1]]", [good[0], [1.25, False]],
    ]  # fmt: skip
    texts = [n if isinstance(n, str) else json.dumps(n) for n in numbers]
    yield case(part, [*[predict('{"rows": ' + text + "}") for text in texts], fine])
    shapes = [[[1.5]], [[1.5, 2.5, 3.5]], [good[0], [2.5]], [[]], [good[0], good[1] + [1]]]
    yield case(part, [*[predict({"rows": shape}) for shape in shapes], fine])
    yield case(part, [predict({"rows": good, "version": v}) for v in (2, None, ["v2"])])

    early = [{"rows": [[1.5, "2"]]}, "rows", {"rows": 3}, {"rows": good}, {"rows": [[True]]}]
    yield case(part, [predict(body) for body in early], current="v3")
    strange = [{"rows": 2, "version": "v3"}, {"rows": good, "version": "v3", "batch": 2}]
    yield case(part, [*[predict(body) for body in strange], fine])

    part = "versions"
    yield case(
        part,
        [
            predict({"rows": rows(2, 3), "version": "v1"}),
            predict({"rows": rows(1, 2)}),
            predict({"rows": rows(1, 2), "version": "v2"}),
            predict({"rows": rows(1, 2), "version": "v3"}),
            predict({"rows": [], "version": "v1"}),
        ],
    )
    both = rows(2, 3)
    yield case(part, [predict({"rows": both, "version": v}) for v in ("v1", "v2")], widths=(3, 3))
    named = predict({"rows": rows(1, 2), "version": "v3"})
    yield case(part, [named, predict({"rows": rows(1, 2)})], current="v3")
    old = predict({"rows": rows(2, 3), "version": "v1"})
    gone = predict({"rows": rows(2, 2), "version": ""})
    yield case(part, [old, gone, predict({"rows": [], "version": "latest"})], current="v3")
    yield case(
        part,
        [predict({"rows": rows(2, w), "version": v}) for w, v in ((2, "v10"), (5, "v2"), (2, "v"))],
        widths=(5, 1, 2),
        current="v10",
    )
