"""Learning rates by depth: the exercise `param_groups`."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, close, exercise

grouping = exercise(
    "param_groups",
    title="Learning rates by depth",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(rtol=1e-9, atol=1e-12),
    read="lesson.ipynb#Learning-rates-by-depth",
)


@grouping.reference
def param_groups(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    """Return a list of (names, learning rate, weight decay), one a group, from input to output.

    shapes: dict of parameters' names, "block.rest", to their shapes. blocks: names of the blocks
    from input to output, the head last. The last block has learning_rate, each other block
    `factor` times that of the block after it. The first `frozen` blocks get no group. Parameters
    of two axes or more are decayed and come first; the others have a decay of 0. No group is empty.
    """
    groups = []
    for place, block in enumerate(blocks):
        if place < frozen:
            continue
        rate = learning_rate * factor ** (len(blocks) - 1 - place)
        own = [name for name in shapes if name.split(".")[0] == block]
        for decayed in (True, False):
            names = [name for name in own if (len(shapes[name]) > 1) == decayed]
            if names:
                groups.append((names, rate, weight_decay * decayed))
    return groups


def _build(
    shapes, blocks, learning_rate, factor, weight_decay, frozen=0, *,
    power=lambda place, count: count - 1 - place, matches=lambda name, b: name.startswith(b + "."),
    skip_frozen=True, split=True, decays=lambda shape: len(shape) >= 2, keep_empty=False,
    exchanged=False,
):  # fmt: skip
    """The groups, with any of the usual slips."""
    result = []
    for place, block in enumerate(blocks):
        if place < frozen and skip_frozen:
            continue
        rate = learning_rate * math.pow(factor, power(place, len(blocks)))
        if place < frozen:
            rate = 0.0
        own = [name for name in shapes if matches(name, block)]
        parts = [(own, weight_decay)]
        if split:
            first = [name for name in own if decays(shapes[name])]
            parts = [(first, weight_decay), ([n for n in own if n not in first], 0.0)]
        parts = parts[::-1] if exchanged else parts
        result += [(names, rate, decay) for names, decay in parts if names or keep_empty]
    return result


@grouping.alternative
def with_the_usual_names(*args, **kwargs):
    return _build(*args, **kwargs)


@grouping.alternative
def from_the_output(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
    """Walk from the head downwards, dividing the parameters into dicts first."""
    tables = {block: ([], []) for block in blocks}
    for name, shape in shapes.items():
        tables[name.partition(".")[0]][len(shape) < 2].append(name)
    result, rate = [], learning_rate
    for block in blocks[frozen:][::-1]:
        weights, others = tables[block]
        found = [(weights, rate, weight_decay), (others, rate, 0.0)]
        result = [group for group in found if group[0]] + result
        rate = rate * factor
    return result


def _network(blocks, side, inputs=1):
    """Shapes of a network: convolutions with batch normalisation, and a head."""
    shapes = {}
    for number, block in enumerate(blocks[:-1]):
        shapes[f"{block}.conv.weight"] = (side, side if number else inputs, 3, 3)
        shapes[f"{block}.norm.weight"] = (side,)
        shapes[f"{block}.norm.bias"] = (side,)
    shapes[f"{blocks[-1]}.weight"] = (2, side)
    shapes[f"{blocks[-1]}.bias"] = (2,)
    return shapes


@grouping.cases
def cases(rng):
    rate, factor, decay = (float(value) for value in rng.uniform([0.01, 0.2, 0.1], [0.1, 0.6, 0.5]))
    three = ["stem", "body", "head"]
    many = [f"block{number}" for number in range(1, 12)]
    mixed = {"b.bias": (3,), "a.weight": (3, 1), "b.weight": (2, 3, 1), "a.bias": (3,)}
    mixed |= {"c.token": (1, 1, 4), "b.gain": ()}
    only = {"norm.bias": (5,), "fc.weight": (2, 5)}
    bare = ["stem", "relu", "body", "pool", "head"]  # two of these blocks have no parameters
    return [
        Case("all blocks", (_network(three, 4), three, rate, factor, decay)),
        Case("all blocks", (mixed, ["a", "b", "c"], 1.0, 0.5, 0.25, 0)),
        Case("all blocks", (_network(["one"], 3), ["one"], rate, factor, 1.0)),
        Case("all blocks", (_network(["z", "a"], 2), ["z", "a"], 0.3, 2.0, 0.0)),
        Case("names that begin alike", (_network(many, 2), many, 0.75, 0.9, decay)),
        Case("names that begin alike", (_network(["fc", "fc2"], 3), ["fc", "fc2"], rate, 0.1, 0.5)),
        Case("frozen blocks", (_network(three, 5, 3), three, rate, factor, decay, 1)),
        Case("all blocks", (_network(three, 2), bare, rate, factor, decay)),
        Case("frozen blocks", (_network(three, 2), bare, rate, 0.5, decay, 1)),
        Case("frozen blocks", (_network(three, 1), three, 0.5, 1.0, 0.01, 2)),
        Case("frozen blocks", (_network(three, 3), three, 2.0, factor, decay, 3)),
        Case("blocks with one kind only", (only, ["norm", "fc"], rate, factor, decay)),
        Case("blocks with one kind only", (only, ["norm", "fc"], rate, 0.0, decay, 1)),
    ]


def _slipped(**slip):
    def param_groups(*args, **kwargs):
        return _build(*args, **kwargs, **slip)

    return param_groups


rates = grouping.group("Learning rates", make=lambda slip: _slipped(**slip()))


@rates.mistake(
    "Your rates run the wrong way: the head gets learning_rate, and each other block gets factor "
    "times the rate of the block after it."
)
def rates_reversed():
    return {"power": lambda place, count: place}


@rates.mistake("You multiplied by factor once too often: the last block gets learning_rate itself.")
def one_power_too_many():
    return {"power": lambda place, count: count - place}


@rates.mistake("You gave all blocks the same rate: multiply by factor for each step from the head.")
def one_rate():
    return {"power": lambda place, count: 0}


@rates.mistake(
    "You multiplied by factor once for all blocks but the head: multiply once for each step away "
    "from the head."
)
def two_rates():
    return {"power": lambda place, count: int(place < count - 1)}


@grouping.mistake(
    "You skipped a block without parameters before you multiplied by factor: it counts as a step, "
    "too."
)
def step_skipped(right, a):
    full = [b for b in a.blocks if any(name.split(".")[0] == b for name in a.shapes)]
    return right(blocks=full, frozen=sum(b in full for b in a.blocks[: a.frozen]))


@grouping.mistake(
    "Freezing changes your rates: the power of factor is the number of blocks up to the head, and "
    "that is the same whether the first ones are frozen or not."
)
def frozen_blocks_shift_the_powers(right, a):
    return right(learning_rate=a.learning_rate * a.factor**a.frozen)


@grouping.mistake(
    "You multiplied by factor for each group: multiply for each block, whose two groups have one "
    "rate."
)
def step_by_group(right, a):
    groups = right()
    last = len(groups) - 1
    rates = [a.learning_rate * a.factor ** (last - place) for place in range(len(groups))]
    return [(own, rate, decay) for (own, _, decay), rate in zip(groups, rates, strict=True)]


names = grouping.group("Which parameters", make=lambda slip: _slipped(**slip()))


@names.mistake(
    "A block takes the parameters of another whose name begins alike, as block1 does from "
    "block10: compare with the block's name and the dot."
)
def names_that_begin_alike():
    return {"matches": lambda name, block: name.startswith(block)}


@names.mistake("You searched for the block's name anywhere: look only before the first dot.")
def name_anywhere():
    return {"matches": lambda name, block: block in name}


@names.mistake(
    "You gave frozen blocks a group with a rate of 0: leave them out, so that the optimiser does "
    "not hold them at all."
)
def frozen_with_rate_zero():
    return {"skip_frozen": False}


@grouping.mistake("You froze the last blocks: freeze the first ones, next to the input.")
def frozen_from_the_output(right, a):
    kept = a.blocks[: len(a.blocks) - a.frozen]
    return right(blocks=kept, frozen=0, learning_rate=a.learning_rate * a.factor**a.frozen)


@grouping.mistake("You gave groups to frozen blocks too: the first `frozen` blocks get none.")
def frozen_ignored(right, a):
    return right(frozen=0)


@grouping.mistake("Your list is turned round: it runs from the input on, the decayed group first.")
def list_reversed(right, a):
    return right()[::-1]


@grouping.mistake("Your list runs from the head to the input: list the blocks from the input on.")
def head_first(right, a):
    groups = right()
    own = [[group for group in groups if group[0][0].startswith(b + ".")] for b in a.blocks]
    return [group for block in reversed(own) for group in block]


decays = grouping.group(
    "Weight decay", read="../04_training_well/lesson.ipynb#AdamW",
    make=lambda slip: _slipped(**slip()),
)  # fmt: skip


@decays.mistake(
    "You decay everything: parameters of fewer than two axes, such as biases and the scales of "
    "normalisation, go into a group with a decay of 0."
)
def everything_decayed():
    return {"split": False}


@decays.mistake(
    "You decay only matrices: decay everything with two axes or more, such as the kernels of "
    "convolutions, which have four."
)
def matrices_only():
    return {"decays": lambda shape: len(shape) == 2}


@decays.mistake("You decay only what has more than two axes: matrices, with two, are decayed, too.")
def more_than_two_axes():
    return {"decays": lambda shape: len(shape) > 2}


@grouping.mistake(
    "You left out only biases from the decay: the scales of normalisation have one axis as well."
)
def all_but_biases(right, a):
    return right(shapes={name: (1,) if "bias" in name else (1, 1) for name in a.shapes})


@grouping.mistake(
    "You decided by the name: the scales of normalisation are called weight, too. Count the axes "
    "of the shape."
)
def decided_by_the_name(right, a):
    called = {name: (1, 1) if name.endswith("weight") else (1,) for name in a.shapes}
    return right(shapes=called)


@decays.mistake("In your blocks, the group without decay comes first: put the decayed one first.")
def not_decayed_first():
    return {"exchanged": True}


@decays.mistake("You return empty groups: leave out a group without parameters.")
def empty_groups():
    return {"keep_empty": True}


grouping.hints(
    "Write the loop over the blocks first. Which power of factor belongs to the last block, and "
    "which to the one before it?",
    "For block i of B: the rate is learning_rate * factor ** (B - 1 - i). Its parameters are those "
    "whose name begins with the block's name and a dot. Split them by their number of axes.",
    "for i, block in enumerate(blocks): skip i < frozen; own = [n for n in shapes if "
    "n.startswith(block + '.')]; append (those with two axes or more, rate, weight_decay), then "
    "(the others, rate, 0.0), each only if it has names.",
)
