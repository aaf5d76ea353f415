"""What the lesson asks for: small exercises and predictions. They earn no points."""

from __future__ import annotations

from fractions import Fraction

from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, close, exact

PROCESSES = "lesson.ipynb#One-function,-several-processes"
ALL_REDUCE = "lesson.ipynb#Broadcast-and-all-reduce"
RING = "lesson.ipynb#The-ring"
SAMPLER = "lesson.ipynb#Who-takes-which-examples"
SHARDING = "lesson.ipynb#Sharding"
PIPELINE = "lesson.ipynb#A-pipeline-and-its-bubble"
PAYS = "lesson.ipynb#When-it-pays"


# --- root_traffic -----------------------------------------------------------------------------


def root_traffic(world, numbers):
    return 2 * numbers * (world - 1)


def one_way(world, numbers):
    return (world - 1) * numbers


def itself_too(world, numbers):
    return 2 * world * numbers


def once_each(world, numbers):
    return 2 * (world - 1)


def both_at_once(world, numbers):
    return 2 * numbers


def traffic_cases(rng):
    world = int(rng.integers(5, 9))
    numbers = world * int(rng.integers(20, 40))
    return [
        Case("two workers", (2, 100)),
        Case("many workers", (world, numbers)),
        Case("many workers", (world + 2, numbers)),
    ]


# --- ring_traffic -----------------------------------------------------------------------------


def ring_traffic(world, numbers):
    return 2 * numbers - 2 * numbers / world


def half_a_ring(world, numbers):
    return (world - 1) * numbers / world


def whole_tensors(world, numbers):
    return numbers * 2 * (world - 1)


def one_chunk(world, numbers):
    return numbers / world


def per_step_of_one_less(world, numbers):
    return 2.0 * numbers


def ring_cases(rng):
    world = int(rng.integers(5, 9))
    return [
        Case("two workers", (2, 100)),
        Case("four workers", (4, 4 * int(rng.integers(5, 50)))),
        Case("more workers", (world, world * int(rng.integers(10, 40)))),
    ]


# --- ring_seconds -----------------------------------------------------------------------------


def _sent(world, size):
    return 2 * size - 2 * size / world


def ring_seconds(world, size, latency, bandwidth):
    return 2 * (world - 1) * latency + _sent(world, size) / bandwidth


def seconds_of_a_step(world, size, latency, bandwidth):
    return latency + size / world / bandwidth


def one_latency(world, size, latency, bandwidth):
    return latency + _sent(world, size) / bandwidth


def without_latency(world, size, latency, bandwidth):
    return _sent(world, size) / bandwidth


def whole_tensor_each_step(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / bandwidth)


def half_the_steps(world, size, latency, bandwidth):
    return (world - 1) * (latency + size / world / bandwidth)


def one_step_too_many(world, size, latency, bandwidth):
    return 2 * world * (latency + size / world / bandwidth)


def times_bandwidth(world, size, latency, bandwidth):
    return 2 * (world - 1) * (latency + size / world * bandwidth)


def seconds_cases(rng):
    size, bandwidth = float(rng.uniform(1e3, 1e4)), float(rng.uniform(1e3, 3e3))
    world = int(rng.integers(5, 12))
    return [
        Case("two workers", (2, 1000, 0.5, 1000)),
        Case("latency", (world, 10.0, 0.25, 1e3)),
        Case("bandwidth", (world, size, 0.001, bandwidth)),
    ]


# --- predictions ------------------------------------------------------------------------------


def one_question(rng):
    return [Case("your prediction")]


def _wrong(name, value, sentence, read=""):
    return Misconception(name, value, sentence, read)


EXERCISES = [
    Exercise(
        name="predicted_counter",
        title="Your prediction: the counter",
        points=0,
        difficulty=1,
        minutes=2,
        reference=0,
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=PROCESSES,
        misconceptions=[
            _wrong(
                "shared memory",
                3,
                "You let both workers add to one counter, but memory is not shared: each worker "
                "changed a copy of its own.",
            ),
            _wrong(
                "last one wins",
                2,
                "2 is what rank 1 has in its own copy: nothing writes it back into the notebook.",
            ),
            _wrong(
                "first one wins",
                1,
                "1 is what rank 0 has in its own copy: nothing writes it back into the notebook.",
            ),
        ],
        hints=(
            "In whose memory does `counter += …` happen?",
            "Each worker got a copy of `counter`. What it returns comes back, what it changes "
            "does not.",
            "predicted_counter = 0",
        ),
    ),
    Exercise(
        name="root_traffic",
        title="The load at rank 0",
        points=0,
        difficulty=1,
        minutes=3,
        reference=root_traffic,
        cases=traffic_cases,
        probe=Call(),
        compare=exact(),
        read=ALL_REDUCE,
        misconceptions=[
            Misconception(
                "one way",
                one_way,
                "You counted one direction: the tensors come in, and the sum goes out again.",
            ),
            Misconception(
                "itself too",
                itself_too,
                "You counted rank 0 among the others: it sends nothing to itself, so there are "
                "world - 1 partners.",
            ),
            Misconception(
                "tensors counted",
                once_each,
                "You counted tensors: each of them has `numbers` numbers.",
            ),
            Misconception(
                "one partner",
                both_at_once,
                "You counted one partner: rank 0 talks with each of the others, one by one.",
            ),
        ],
        hints=(
            "How many partners does rank 0 have? How often does a tensor pass between them?",
            "Each of world - 1 partners sends one tensor and receives one.",
            "def root_traffic(world, numbers):\n    return 2 * (world - 1) * numbers",
        ),
    ),
    Exercise(
        name="ring_traffic",
        title="What each rank sends in a ring",
        points=0,
        difficulty=2,
        minutes=4,
        reference=ring_traffic,
        cases=ring_cases,
        probe=Call(),
        compare=close(),
        read=RING,
        misconceptions=[
            Misconception(
                "half a ring",
                half_a_ring,
                "You counted one half of the ring: reduce-scatter and all-gather have world - 1 "
                "steps each.",
            ),
            Misconception(
                "whole tensors",
                whole_tensors,
                "You sent the whole tensor in every step: a step carries one chunk, and there are "
                "`world` chunks.",
            ),
            Misconception(
                "one chunk",
                one_chunk,
                "That is one chunk, so what a rank sends in one step: there are 2 (world - 1) "
                "steps.",
            ),
            Misconception(
                "divided by the steps",
                per_step_of_one_less,
                "You cut the tensor into world - 1 chunks: there is one chunk for each rank, so "
                "`world` of them.",
            ),
        ],
        hints=(
            "How many halves does the ring have, and how many steps each?",
            "Two halves of world - 1 steps; in each step one chunk of numbers / world.",
            "def ring_traffic(world, numbers):\n"
            "    steps = 2 * (world - 1)\n"
            "    return steps * numbers / world",
        ),
    ),
    Exercise(
        name="predicted_photos",
        title="Your prediction: photos of one worker",
        points=0,
        difficulty=1,
        minutes=2,
        reference=3334,
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=SAMPLER,
        misconceptions=[
            _wrong(
                "rounded down",
                3333,
                "You rounded down, so one photo would never be dealt: the list is padded to "
                "10 002, a multiple of 3.",
            ),
            _wrong(
                "not rounded",
                10_000 / 3,
                "A worker takes whole photos: the list is padded to the next multiple of 3.",
            ),
            _wrong(
                "everything",
                10_000,
                "That is what each worker takes when somebody forgets the sampler.",
            ),
            _wrong(
                "all together",
                10_002,
                "That is what all three take together, with the padding: divide by 3.",
            ),
        ],
        hints=(
            "Is 10 000 a multiple of 3? What happened with ten examples?",
            "The list is padded to 10 002 and dealt to three.",
            "predicted_photos = 3334",
        ),
    ),
    Exercise(
        name="predicted_bytes",
        title="Your prediction: bytes for each parameter",
        points=0,
        difficulty=2,
        minutes=2,
        reference=16,
        cases=one_question,
        probe=Value(),
        compare=exact(),
        read=SHARDING,
        misconceptions=[
            _wrong(
                "itself alone",
                4,
                "Four is the number of numbers, or the bytes of the parameter alone: there are "
                "four numbers of 4 bytes each.",
            ),
            _wrong(
                "without Adam",
                8,
                "You counted the parameter and its gradient: Adam keeps two numbers more.",
            ),
            _wrong(
                "one number of Adam's",
                12,
                "Three numbers, and one is missing: Adam keeps a mean of the gradient and one of "
                "its square, and the gradient itself counts too.",
            ),
            _wrong(
                "bits",
                128,
                "128 bits is right: a byte has 8 bits.",
            ),
            _wrong(
                "float64",
                32,
                "That would be right for float64: a float32 has 4 bytes.",
            ),
        ],
        hints=(
            "A float32 has 4 bytes. How many numbers are there for each parameter?",
            "The parameter, its gradient, and Adam's two means: four numbers.",
            "predicted_bytes = 16",
        ),
    ),
    Exercise(
        name="predicted_bubble",
        title="Your prediction: the bubble",
        points=0,
        difficulty=2,
        minutes=3,
        reference=float(Fraction(1, 9)),
        cases=one_question,
        probe=Value(),
        compare=close(atol=5e-3),
        read=PIPELINE,
        misconceptions=[
            _wrong(
                "one in eight",
                1 / 8,
                "You divided by the micro-batches: a direction takes M + S - 1 = 9 beats, not 8.",
            ),
            _wrong(
                "one in ten",
                1 / 10,
                "You divided by M + S: the first stage starts in beat 1, so there are M + S - 1 "
                "beats.",
            ),
            _wrong(
                "two in nine",
                2 / 9,
                "You put S above the line: one stage alone would have no bubble, so it is S - 1.",
            ),
            _wrong(
                "busy share",
                8 / 9,
                "That is the share of the time in which a stage works: the bubble is the rest.",
            ),
            _wrong(
                "one half",
                1 / 2,
                "That is the bubble without micro-batches, for M = 1.",
            ),
        ],
        hints=(
            "S is the number of stages, M that of micro-batches.",
            "S = 2 and M = 8: put them into the formula above.",
            "predicted_bubble = 1 / 9",
        ),
    ),
    Exercise(
        name="ring_seconds",
        title="The seconds of a ring",
        points=0,
        difficulty=2,
        minutes=5,
        reference=ring_seconds,
        cases=seconds_cases,
        probe=Call(),
        compare=close(),
        read=PAYS,
        misconceptions=[
            Misconception(
                "one step",
                seconds_of_a_step,
                "You computed one step: the ring has 2 (world - 1) of them.",
            ),
            Misconception(
                "one latency",
                one_latency,
                "You paid the latency once: every one of the 2 (world - 1) messages pays it.",
            ),
            Misconception(
                "no latency",
                without_latency,
                "You left the latency out: every message pays it, however short it is.",
            ),
            Misconception(
                "whole tensor",
                whole_tensor_each_step,
                "You sent the whole tensor in every step: a message carries size / world bytes.",
            ),
            Misconception(
                "half the steps",
                half_the_steps,
                "You counted one half of the ring: there are 2 (world - 1) steps.",
            ),
            Misconception(
                "too many steps",
                one_step_too_many,
                "You counted 2 world steps: after world - 1 steps of each half all is done.",
            ),
            Misconception(
                "times the bandwidth",
                times_bandwidth,
                "You multiplied by the bandwidth: more bytes in a second take fewer seconds, so "
                "divide.",
            ),
        ],
        hints=(
            "How long does one message take? How many messages come one after the other?",
            "One message: latency + size / world / bandwidth. There are 2 (world - 1).",
            "def ring_seconds(world, size, latency, bandwidth):\n"
            "    return 2 * (world - 1) * (latency + size / (world * bandwidth))",
        ),
    ),
]
