"""Seconds that a ring takes, from latency and bandwidth. An exercise of the lesson."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, close, exercise

timing = exercise(
    "ring_seconds",
    title="The seconds of a ring",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#When-it-pays",
)


def _sent(world, size):
    return 2 * size - 2 * size / world


@timing.reference
def ring_seconds(world, size, latency, bandwidth):
    """Return the seconds that the cost model gives for a ring all-reduce on W ranks.

    size: bytes of the tensor. latency: seconds a message. bandwidth: bytes a second.
    Source: Thakur, Rabenseifner and Gropp (2005).
    """
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth


@timing.cases
def cases(rng):
    size = int(rng.integers(1_000, 10_000))
    bandwidth = float(rng.uniform(1e3, 3e3))
    world = int(rng.integers(5, 12))
    return [
        Case("two workers", (2, 1000, 0.5, 1000.0)),
        Case("one worker alone", (1, 10, 0.25, 1e3)),
        Case("latency", (world, 11, 0.25, 9.75)),
        Case("bandwidth", (world, size, 0.001, bandwidth)),
        Case("bandwidth", (world + 1, 3, 0.125, 0.75)),
    ]


@timing.mistake("You computed one step: the ring has 2 (world - 1) of them.")
def one_step(world, size, latency, bandwidth):
    return latency + size / world / bandwidth


@timing.mistake("You paid the latency once: every one of the 2 (world - 1) messages pays it.")
def one_latency(world, size, latency, bandwidth):
    return latency + _sent(world, size) / bandwidth


@timing.mistake("You left the latency out: every message pays it, however short it is.")
def no_latency(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth


@timing.mistake("You sent the whole tensor in every step: a message carries size / world bytes.")
def whole_tensor(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / bandwidth)


@timing.mistake("You counted one half of the ring: there are 2 (world - 1) steps.")
def half_the_steps(world, size, latency, bandwidth):
    return (world - 1) * (latency + size / world / bandwidth)


@timing.mistake("You counted 2 world steps: each half is done after world - 1 steps.")
def too_many_steps(world, size, latency, bandwidth):
    return 2 * world * (latency + size / world / bandwidth)


@timing.mistake(
    "You sent only one chunk in total: 2 (world - 1) multiplies the bytes, too, so the sum needs "
    "parentheses."
)
def one_chunk_in_all(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / world / bandwidth


@timing.mistake(
    "You sent the tensor once: each of 2 (world - 1) messages carries size / world, nearly twice "
    "the tensor."
)
def tensor_sent_once(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + size / bandwidth


@timing.mistake(
    "You multiplied by the bandwidth: more bytes per second take fewer seconds, so divide."
)
def times_the_bandwidth(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / world * bandwidth)


@timing.mistake(
    "You divided the latency, too: in the formula only n is divided by W and β, so move the "
    "parenthesis."
)
def latency_divided_too(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size) / (world * bandwidth)


@timing.mistake("Right, but in milliseconds: return seconds.")
def in_milliseconds(world, size, latency, bandwidth):
    return 1000 * ring_seconds(world, size, latency, bandwidth)


@timing.mistake(
    "You sent twice the tensor, which is right only for very many workers: each of 2 (world - 1) "
    "messages carries size / world bytes."
)
def twice_the_tensor(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + 2 * size / bandwidth


timing.hints(
    "How long does one message take? How many messages follow one another?",
    "One message: latency + size / world / bandwidth. There are 2 (world - 1).",
    "def ring_seconds(world, size, latency, bandwidth):\n"
    "    return 2 * (world - 1) * (latency + size / (world * bandwidth))",
)
