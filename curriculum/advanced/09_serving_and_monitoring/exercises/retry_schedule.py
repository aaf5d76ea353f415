"""When a client asks again, and when it gives up: the exercise `retry_schedule`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_array, as_int

retrying = exercise(
    "retry_schedule",
    title="Ask again, with care",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-9),
    read="lesson.ipynb#Retraining-as-a-pipeline",
    forms=[as_array("Your waits are right, but in an array: return a list."), as_int()],
)

SAFE = ("GET", "HEAD", "PUT", "DELETE")
REFUSED = (429, 503)
BROKEN = (0, 500, 502, 504)


@retrying.reference
def retry_schedule(method, outcomes, uniform, base, cap, budget):
    """Return the seconds waited before each further attempt, a list of floats.

    method: text. outcomes: list of (status, retry_after), one for each attempt that may be made;
    status 0: no answer came; retry_after: float or None. uniform: float array, from 0 to 1, one
    for each retry. base, cap, budget: seconds.
    """
    delays = []
    for number, (status, retry_after) in enumerate(outcomes[:-1]):
        refused = status in (429, 503)
        broken = status in (0, 500, 502, 504)
        if not refused and (not broken or method in ("POST", "PATCH")):
            break
        wait = uniform[number] * min(cap, base * 2**number)
        if retry_after is not None:
            wait = max(wait, retry_after)
        if sum(delays) + wait > budget:
            break
        delays.append(float(wait))
    return delays


def schedule(
    method, outcomes, uniform, base, cap, budget, *, repeatable=SAFE, refused=REFUSED,
    broken=BROKEN, delay=lambda u, base, cap, k: u * min(cap, base * 2**k),
    asked=lambda wait, after: wait if after is None else max(wait, after),
    fits=lambda delays, wait, budget: sum(delays) + wait <= budget, last=False,
):  # fmt: skip
    """The schedule attempt by attempt, with any of the usual slips."""
    delays = []
    for number, (status, after) in enumerate(outcomes):
        again = status in refused or status in broken and method in repeatable
        if not again or number == len(outcomes) - 1 and not last:
            break
        wait = asked(delay(uniform[number], base, cap, number), after)
        if not fits(delays, wait, budget):
            break
        delays.append(float(wait))
    return delays


@retrying.alternative
def rule_by_rule(*args):
    return schedule(*args)


@retrying.alternative
def with_a_running_limit(method, outcomes, uniform, base, cap, budget):
    may_repeat = method not in ("POST", "PATCH")
    delays = []
    ceiling, left = base, budget
    for (status, retry_after), drawn in zip(outcomes[:-1], uniform.tolist(), strict=False):
        lost = status == 0 or status in {500, 502, 504}
        if status != 429 and status != 503 and not (lost and may_repeat):
            return delays
        wait = max(drawn * min(ceiling, cap), retry_after or 0.0)
        left -= wait
        if left < -1e-12:
            return delays
        delays.append(wait)
        ceiling *= 2
    return delays


@retrying.cases
def cases(rng):
    def case(part, method, outcomes, base=None, cap=30.0, budget=500.0, zeros=()):
        """Outcomes as statuses, or pairs with a Retry-After header; zeros: where 0 is drawn."""
        pairs = [o if isinstance(o, tuple) else (o, None) for o in outcomes]
        spare = len(pairs) % 3  # more numbers may be drawn than are needed
        uniform = rng.uniform(0.15, 1, max(1, len(pairs) - 1 + spare))
        uniform[list(zeros)] = 0.0
        start = float(rng.uniform(0.2, 0.9)) if base is None else base
        return Case(part, (method, pairs, uniform, start, cap, budget))

    part = "growing waits"
    yield case(part, "GET", [503, 502, 0, 504, 200])
    yield case(part, "GET", [500, 500, 429, 503, 0, 500, 500, 503], cap=4.5)
    yield case(part, "PUT", [0, 0, 0, 0], base=2.0, cap=3.0)
    yield case(part, "DELETE", [504, 200, 503, 503])
    yield case(part, "GET", [503, 503, 500, 200], zeros=[1])
    yield case(part, "HEAD", [502] * 10, cap=8.0)
    part = "what may be asked again"
    yield case(part, "POST", [500, 200])
    yield case(part, "POST", [429, 503, 0, 200])
    yield case(part, "PATCH", [503, 502, 503, 503])
    yield case(part, "PUT", [500, 404, 503, 200])
    yield case(part, "GET", [422, 503, 200])
    yield case(part, "DELETE", [0, 501, 500, 500])
    yield case(part, "HEAD", [200])
    yield case(part, "GET", [408, 503, 200])
    yield case(part, "PATCH", [0, 503, 503])
    yield case(part, "DELETE", [429, 425, 503, 200])
    yield case(part, "POST", [504, 429, 200])
    part = "Retry-After"
    yield case(part, "GET", [(503, 7.5), (429, 0.01), 500, (503, 40.0), 200])
    yield case(part, "POST", [(429, 2.0), (429, 0.0), 429, 200])
    yield case(part, "PATCH", [(503, -3.5), (503, 12.25), 200], cap=1.0)
    yield case(part, "POST", [(500, 1.5), 200])
    yield case(part, "PUT", [(500, 6.5), (0, 4.25), (502, 5.75), 200])
    part = "the budget"
    yield case(part, "GET", [(503, 5.95), (503, 5.95), (503, 5.95), 503], budget=11.8)
    yield case(part, "GET", [(503, 3.1), (503, 9.2), (503, 1.3), 200], base=0.25, budget=8.3)
    yield case(part, "GET", [(429, 4.0), (429, 4.0), (429, 4.0), 200], base=0.5, budget=8.0)
    yield case(part, "PUT", [503, 503, 503], budget=0.0)
    yield case(part, "PUT", [500] * 9, base=1.5, cap=20.0, budget=float(rng.uniform(15, 25)))


waits = retrying.group("The waits")


@waits.mistake(
    "You left out the jitter: all clients that failed together would come back together."
)
def no_jitter(*args):
    return schedule(*args, delay=lambda u, base, cap, k: min(cap, base * 2**k))


@waits.mistake("Your waits do not grow: before retry k, from 0, the limit is base * 2**k.")
def constant_waits(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * min(cap, base))


@waits.mistake("Your waits grow linearly: the limit doubles with each retry.")
def linear_waits(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * min(cap, base * (k + 1)))


@waits.mistake("Your limit begins at 2 * base: the first one is base.")
def doubled_at_once(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * min(cap, base * 2 ** (k + 1)))


@waits.mistake("You forgot the cap, and the limit grows without bound.")
def no_cap(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * base * 2**k)


@waits.mistake("You capped the wait after the jitter: cap the limit first, so that waits differ.")
def capped_after_the_jitter(*args):
    return schedule(*args, delay=lambda u, base, cap, k: min(cap, u * base * 2**k))


@waits.mistake("You wait after the last attempt as well, though none follows.")
def waits_at_the_end(method, outcomes, uniform, base, cap, budget):
    longer = np.append(uniform, uniform[-1])
    return schedule(method, outcomes, longer, base, cap, budget, last=True)


again = retrying.group("What may be asked again")


@again.mistake(
    "You repeat POST and PATCH after a failure in the middle: the work may have been done, and "
    "would be done twice. Only 429 and 503 say that it was not."
)
def everything_repeated(*args):
    return schedule(*args, repeatable=(*SAFE, "POST", "PATCH"))


@again.mistake(
    "You never repeat POST and PATCH: after 429 and 503 nothing was done, so they may be."
)
def post_never_repeated(method, outcomes, uniform, base, cap, budget):
    if method not in SAFE:
        return []
    return schedule(method, outcomes, uniform, base, cap, budget)


@again.mistake("You repeat GET and HEAD only: PUT and DELETE are idempotent, too.")
def reads_only(*args):
    return schedule(*args, repeatable=("GET", "HEAD"))


@again.mistake(
    "You repeat every status from 500 on: 501 says that the server cannot do it, now or later."
)
def every_500(*args):
    return schedule(*args, broken=(0, *range(500, 600)))


@again.mistake("You do not repeat where no answer came (status 0): a request may have been lost.")
def no_answer_is_final(*args):
    return schedule(*args, broken=(500, 502, 504))


@again.mistake("You repeat a request that was wrong: a status such as 422 stays what it is.")
def wrong_requests_repeated(*args):
    return schedule(*args, broken=(*BROKEN, *range(400, 429)))


retrying.hints(
    "Three questions: may it be asked again, how long is the wait, is there budget left?",
    "After 429 and 503 anything may be repeated; after 0, 500, 502 and 504 only GET, HEAD, PUT and "
    "DELETE. The wait is the drawn number times the capped limit, or Retry-After if larger.",
    "limit = min(cap, base * 2**k), k from 0; wait = max(uniform[k] * limit, retry_after); stop "
    "when the sum of the waits would exceed budget, and after the last outcome.",
)
