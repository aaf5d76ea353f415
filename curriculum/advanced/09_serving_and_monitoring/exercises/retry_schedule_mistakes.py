"""More mistakes that learners make in the exercise `retry_schedule`."""

from __future__ import annotations

import numpy as np

from .retry_schedule import BROKEN, REFUSED, SAFE, again, retrying, schedule, waits

limits = retrying.group("What limits a wait")


@limits.mistake("You ignore Retry-After: the server says how long it needs at least.")
def header_ignored(*args):
    return schedule(*args, asked=lambda wait, after: wait)


@limits.mistake(
    "You wait exactly as long as Retry-After says, even if your own wait is longer: take the "
    "larger."
)
def header_only(*args):
    return schedule(*args, asked=lambda wait, after: wait if after is None else after)


@limits.mistake("You cap Retry-After as well: cap limits only your own waits.")
def header_capped(method, outcomes, uniform, base, cap, budget):
    def asked(wait, after):
        return wait if after is None else min(cap, max(wait, after))

    return schedule(method, outcomes, uniform, base, cap, budget, asked=asked)


@limits.mistake("You add Retry-After to your own wait: take the larger of the two.")
def header_added(*args):
    return schedule(*args, asked=lambda wait, after: wait + (after or 0.0))


@limits.mistake("You compare each wait with the budget: it is what all waits together may take.")
def budget_for_each_wait(*args):
    return schedule(*args, fits=lambda delays, wait, budget: wait <= budget)


@limits.mistake(
    "You begin a wait that ends beyond the budget: it is not begun, and the client gives up."
)
def budget_seen_too_late(*args):
    return schedule(*args, fits=lambda delays, wait, budget: sum(delays) <= budget)


@limits.mistake("You ignore the budget.")
def budget_ignored(*args):
    return schedule(*args, fits=lambda delays, wait, budget: True)


@limits.mistake("Waits that add up to exactly the budget are allowed: only more is too much.")
def budget_excluded(*args):
    return schedule(*args, fits=lambda delays, wait, budget: sum(delays) + wait < budget)


@limits.mistake("Time that Retry-After asked for counts as well: all waits share the budget.")
def only_own_waits_count(method, outcomes, uniform, base, cap, budget):
    free = schedule(method, outcomes, uniform, base, cap, np.inf)
    own = np.cumsum([u * min(cap, base * 2**k) for k, u in enumerate(uniform[: len(free)])])
    return free[: int(np.sum(own <= budget))]


@waits.mistake("You make one attempt too few: as many are allowed as there are outcomes.")
def one_attempt_too_few(method, outcomes, uniform, base, cap, budget):
    return schedule(method, outcomes[:-1], uniform, base, cap, budget)


@waits.mistake("You drew between half of the limit and all of it: full jitter begins at 0.")
def equal_jitter(right, a):
    return right(uniform=(1 + a.uniform) / 2)


@again.mistake(
    "You never repeat POST and PATCH after 503: the server says that it did nothing, as by 429."
)
def unavailable_is_final_for_post(method, outcomes, uniform, base, cap, budget):
    refused = REFUSED if method in SAFE else (429,)
    return schedule(method, outcomes, uniform, base, cap, budget, refused=refused)


@again.mistake("You repeat PATCH as if it were idempotent: a patch such as adding 1 is not.")
def patch_repeated(*args):
    return schedule(*args, repeatable=(*SAFE, "PATCH"))


@again.mistake(
    "You do not repeat DELETE: what is deleted twice is as gone as what is deleted once."
)
def delete_not_repeated(*args):
    return schedule(*args, repeatable=("GET", "HEAD", "PUT"))


@again.mistake(
    "You take 429 for a client's mistake that stays one: it only says that there were too many "
    "requests, and may be asked again."
)
def too_many_is_final(*args):
    return schedule(*args, refused=(503,))


@again.mistake("You repeat after 408 or 425: the statement's list of statuses has neither.")
def timeouts_repeated(*args):
    return schedule(*args, broken=(*BROKEN, 408, 425))


@again.mistake(
    "You skip an outcome that ends it all: after a status that is not repeated there is no further "
    "attempt."
)
def goes_on_after_the_end(method, outcomes, uniform, base, cap, budget):
    delays = []
    for number, (status, after) in enumerate(outcomes[:-1]):
        if status in REFUSED or status in BROKEN and method in SAFE:
            wait = max(uniform[number] * min(cap, base * 2**number), after or 0.0)
            if sum(delays) + wait > budget:
                break
            delays.append(float(wait))
    return delays


@limits.mistake(
    "You filled the budget up with a shorter wait: a wait that does not fit is not begun at all."
)
def cut_to_the_budget(method, outcomes, uniform, base, cap, budget):
    delays = schedule(method, outcomes, uniform, base, cap, budget)
    longer = schedule(method, outcomes, uniform, base, cap, np.inf)
    left = budget - sum(delays)
    return [*delays, float(left)] if len(longer) > len(delays) and left > 0 else delays


@limits.mistake(
    "You left out a wait that does not fit the budget and went on: the client gives up there."
)
def goes_on_beyond_the_budget(method, outcomes, uniform, base, cap, budget):
    delays = []
    for wait in schedule(method, outcomes, uniform, base, cap, np.inf):
        if sum(delays) + wait <= budget:
            delays.append(wait)
    return delays


@limits.mistake("You draw from Retry-After, too: it is the least time, and has no jitter.")
def header_drawn(method, outcomes, uniform, base, cap, budget):
    delays = []
    for number, _ in enumerate(schedule(method, outcomes, uniform, base, cap, np.inf)):
        limit = max(min(cap, base * 2**number), outcomes[number][1] or 0.0)
        wait = float(uniform[number] * limit)
        if sum(delays) + wait > budget:
            break
        delays.append(wait)
    return delays


@limits.mistake("You heed Retry-After after 429 and 503 only: any outcome may have it.")
def header_of_refusals_only(right, a):
    kept = [(status, after if status in REFUSED else None) for status, after in a.outcomes]
    return right(outcomes=kept)


@limits.mistake(
    "You took the Retry-After of the attempt to come: it stands in the one that failed."
)
def header_of_the_next(right, a):
    statuses = [status for status, _ in a.outcomes]
    headers = [after for _, after in a.outcomes[1:]] + [None]
    return right(outcomes=list(zip(statuses, headers, strict=True)))


@waits.mistake("Your limit doubles only after waits without Retry-After: k counts all retries.")
def growth_of_own_waits(method, outcomes, uniform, base, cap, budget):
    delays = []
    doubled = 0
    for number, _ in enumerate(schedule(method, outcomes, uniform, base, cap, np.inf)):
        after = outcomes[number][1]
        wait = max(uniform[number] * min(cap, base * 2**doubled), after or 0.0)
        doubled += after is None
        if sum(delays) + wait > budget:
            break
        delays.append(float(wait))
    return delays


@waits.mistake("You took powers of base: the limit is base * 2**k.")
def powers_of_base(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * min(cap, base ** (k + 1)))


@waits.mistake("You give the moments at which it asks again: the waits between are asked for.")
def moments(right, a):
    return np.cumsum(right()).tolist()


@again.mistake(
    "You do not repeat PUT: storing the same thing twice leaves what storing it once does."
)
def put_not_repeated(*args):
    return schedule(*args, repeatable=("GET", "HEAD", "DELETE"))


@waits.mistake(
    "Your limit is base * 2 * k, which is 0 at first and grows linearly: it is base * 2**k."
)
def twice_k(*args):
    return schedule(*args, delay=lambda u, base, cap, k: u * min(cap, base * 2 * k))


@waits.mistake("You left out a wait of 0 seconds: it stands in the list like any other.")
def zero_waits_left_out(right, a):
    return [wait for wait in right() if wait > 0]
