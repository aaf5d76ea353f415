"""resume_from: the newest complete checkpoint among files, and where to go on in the epoch."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_float, one_too_many, only_value, tuple_order

resuming = exercise(
    "resume_from",
    title="After the kill",
    points=2,
    difficulty=3,
    minutes=14,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Killed-and-resumed",
    returns=("step", "epoch", "done"),
    forms=[
        one_too_many(
            "You returned the step after the checkpoint's: step is how many steps are done.",
            of="step",
        ),
        one_too_many(
            "Your epochs count from 1: the first is 0, so that the sampler is seeded as before.",
            of="epoch",
        ),
        one_too_many(
            "Your third number is one too high, so one batch is left out: it says "
            "how many are done.",
            of="done",
        ),
        tuple_order((0, 2, 1), "You returned (step, batches, epoch): the epoch comes second."),
        only_value(0, "The step is right; return (step, epoch, batches done in it)."),
        as_float("Your third number is a float: % gives a whole number.", of="done"),
        tuple_order((2, 1, 0), "You returned (batches, epoch, step): the step comes first."),
    ],
)


@resuming.reference
def resume_from(files, steps_per_epoch):
    ranks = {}
    for part in files:
        if part["written"] == part["size"]:
            ranks.setdefault((part["step"], part["world"]), set()).add(part["rank"])
    step = max((step for (step, world), there in ranks.items() if len(there) == world), default=0)
    return step, *divmod(step, steps_per_epoch)


@resuming.alternative
def from_newest_to_oldest(files, steps_per_epoch):
    for step in sorted({file["step"] for file in files}, reverse=True):
        for world in {file["world"] for file in files}:
            whole = {
                file["rank"]
                for file in files
                if (file["step"], file["world"]) == (step, world)
                and file["written"] >= file["size"]
            }
            if whole == set(range(world)):
                return step, step // steps_per_epoch, step % steps_per_epoch
    return 0, 0, 0


@resuming.cases
def cases(rng):
    size = int(rng.integers(500, 900))
    per_epoch = int(rng.integers(61, 89))

    def file(step, rank, world, share=1.0):
        return {
            "step": step,
            "rank": rank,
            "world": world,
            "size": size + 8 * rank,
            "written": int(share * (size + 8 * rank)),
        }

    def checkpoint(step, world, missing=(), torn=()):
        ranks = [rank for rank in range(world) if rank not in missing]
        return [file(step, rank, world, 0.97 if rank in torn else 1.0) for rank in ranks]

    def case(part, *groups):
        files = [f for group in groups for f in group]
        return Case(part, ([files[i] for i in rng.permutation(len(files))], per_epoch))

    def in_order(part, *groups):
        return Case(part, ([f for group in groups for f in group], per_epoch))

    start = int(rng.integers(3, 8)) * 100
    a, b, c, d = (start + 100 * i for i in range(4))
    return [
        in_order("all complete", checkpoint(900, 3), checkpoint(1100, 3), checkpoint(1000, 3)),
        case("a file is missing", checkpoint(a, 4), checkpoint(b, 4), checkpoint(c, 4, [3])),
        case("a file is missing", checkpoint(a, 3), checkpoint(b, 3), checkpoint(c, 3, [0])),
        case("a half-written file", checkpoint(a, 2), checkpoint(b, 2), checkpoint(c, 2, (), [1])),
        case(
            "a half-written file",
            checkpoint(a, 2, (), [0]),
            checkpoint(b, 2),
            checkpoint(c, 2, (), [1]),
        ),
        case(
            "a half-written file",
            checkpoint(a, 3),
            checkpoint(b, 3, (), [1]),
            checkpoint(c, 3, [1, 2], [0]),
        ),
        case(
            "copies of files",
            checkpoint(a, 3),
            [*checkpoint(b, 3), file(b, 1, 3)],
            [*checkpoint(c, 3, [2]), file(c, 0, 3)],
        ),
        in_order(
            "copies of files",
            checkpoint(a, 3),
            [*checkpoint(b, 3), file(b, 2, 3, 0.4), file(b, 0, 3)],
        ),
        in_order(
            "copies of files",
            checkpoint(a, 3),
            [file(b, 2, 3, 0.4), *checkpoint(b, 3), file(b, 0, 3)],
        ),
        in_order("another number of workers", checkpoint(a, 4), checkpoint(b, 2)),
        in_order(
            "another number of workers",
            checkpoint(a - 100, 3),
            checkpoint(a, 4),
            checkpoint(b, 2),
            [*checkpoint(c, 4, [2, 3]), file(c, 1, 2)],
            [*checkpoint(d, 4, [1]), file(d, 1, 2)],
        ),
        case(
            "at the end of an epoch",
            checkpoint(per_epoch * 2, 2),
            checkpoint(per_epoch * 5, 2),
            checkpoint(per_epoch * 4, 2, [0]),
        ),
        case("nothing complete", checkpoint(a, 3, [1]), checkpoint(b, 3, (), [0, 2])),
        Case("nothing complete", ([], per_epoch)),
    ]


@resuming.mistake(
    "When no checkpoint is complete you return None: a new run begins, return (0, 0, 0)."
)
def none_for_nothing(files, steps_per_epoch):
    step, epoch, done = resume_from(files, steps_per_epoch)
    return (step, epoch, done) if step else None


@resuming.mistake(
    "You counted from step - 1, the last batch that was done: `step` batches are done, so go on "
    "with the one of that number, counted from 0."
)
def last_batch_done(files, steps_per_epoch):
    step, _, _ = resume_from(files, steps_per_epoch)
    return step, *divmod(step - 1, steps_per_epoch)


@resuming.mistake(
    "Your third number says how many batches of the epoch are left: how many are done is asked for."
)
def batches_left(files, steps_per_epoch):
    step, epoch, done = resume_from(files, steps_per_epoch)
    return step, epoch, steps_per_epoch - done


@resuming.mistake("Your epoch has a fraction: divide with //, for a whole number.")
def epoch_with_a_fraction(files, steps_per_epoch):
    step, _, done = resume_from(files, steps_per_epoch)
    return step, step / steps_per_epoch, done


@resuming.mistake(
    "Where all batches of an epoch are done you stay in it: the next one goes on, with 0 done."
)
def stays_in_the_finished_epoch(files, steps_per_epoch):
    step, epoch, done = resume_from(files, steps_per_epoch)
    return (step, epoch, done) if done or not step else (step, epoch - 1, steps_per_epoch)


@resuming.mistake(
    "Right, except where an epoch has just been finished: step // steps_per_epoch is the next one "
    "then, without subtracting 1."
)
def epoch_of_the_last_step(files, steps_per_epoch):
    step, _, done = resume_from(files, steps_per_epoch)
    return step, max(0, step - 1) // steps_per_epoch, done


@resuming.mistake("You returned a dict: return the three numbers, (step, epoch, done).")
def as_a_dict(files, steps_per_epoch):
    step, epoch, done = resume_from(files, steps_per_epoch)
    return {"step": step, "epoch": epoch, "done": done}


@resuming.mistake(
    "You divided with / and took the result apart, which gives floats, and 28.999… where 29 is "
    "meant: // and % (or divmod) stay with whole numbers."
)
def fraction_of_an_epoch(files, steps_per_epoch):
    step, _, _ = resume_from(files, steps_per_epoch)
    part, whole = math.modf(step / steps_per_epoch)
    return step, whole, part * steps_per_epoch


def _with_step(find):
    """A wrong step; epoch and batch follow from it."""

    def wrong(files, steps_per_epoch):
        step = find(files)
        return step, step // steps_per_epoch, step % steps_per_epoch

    return wrong


with_step = resuming.group("With step", make=_with_step)


with_step.mistake(
    "You took the newest step that any file has: the run may have been killed while that "
    "checkpoint was being written. All its ranks must have a whole file.",
    name="newest step",
)(lambda files: max((f["step"] for f in files), default=0))


def _complete_steps(
    files, *, whole=lambda f: f["written"] == f["size"], key=lambda f: (f["step"], f["world"]),
    complete=lambda group: {f["rank"] for f in group} == set(range(group[0]["world"])),
):  # fmt: skip
    """The steps to resume from, with the rules given, in the order of the files."""
    groups = {}
    for part in files:
        if whole(part):
            groups.setdefault(key(part), []).append(part)
    return [group[0]["step"] for group in groups.values() if complete(group)]


def _newest(files, **rules):
    return max(_complete_steps(files, **rules), default=0)


with_step.mistake(
    "You look for all ranks, but count half-written files too: a file is whole when `written` "
    "equals `size`.",
    name="half-written files counted",
)(lambda files: _newest(files, whole=lambda f: True))


with_step.mistake(
    "For you one whole file makes a checkpoint: every rank from 0 to world - 1 must have one, "
    "since each holds a part of the state.",
    name="any whole file",
)(lambda files: _newest(files, complete=lambda group: True))


with_step.mistake(
    "You ask whether all files that are there are whole: a rank whose file is missing goes "
    "unnoticed. Count the ranks against world.",
    name="missing files unnoticed",
)(
    lambda files: _newest(
        files,
        whole=lambda f: True,
        complete=lambda group: all(f["written"] == f["size"] for f in group),
    )
)


with_step.mistake(
    "You looked at the last rank's file alone, but ranks do not write one after the other: every "
    "rank's file is needed.",
    name="the last rank decides",
)(
    lambda files: _newest(
        files, complete=lambda group: any(f["rank"] == f["world"] - 1 for f in group)
    )
)


with_step.mistake(
    "You always took the step before the newest: the newest may be complete, and the one before "
    "may not. Look at the files.",
    name="one before the newest",
)(lambda files: ([0, 0] + sorted({f["step"] for f in files}))[-2])


with_step.mistake(
    "You looked at rank 0's file alone: with sharded state every rank's file is needed.",
    name="the first rank decides",
)(lambda files: _newest(files, complete=lambda group: any(f["rank"] == 0 for f in group)))


with_step.mistake(
    "You compare the number of files with world, but a rank may have several (a copy, a second "
    "attempt): count different ranks.",
    name="files counted",
)(lambda files: _newest(files, complete=lambda group: len(group) == group[0]["world"]))


with_step.mistake(
    "You ask for at least `world` files, but a copy of one rank does not replace another rank: "
    "count different ranks.",
    name="at least so many files",
)(lambda files: _newest(files, complete=lambda group: len(group) >= group[0]["world"]))


with_step.mistake(
    "You put files of one step together although they come from runs with different numbers of "
    "workers: the shards do not fit. Group by step and world.",
    name="runs mixed",
)(lambda files: _newest(files, key=lambda f: f["step"]))


def _highest(group):
    return max(f["rank"] for f in group)


with_step.mistake(
    "You ask for ranks 0 to the highest one that is there, so a missing last rank goes unnoticed: "
    "world says how many there must be.",
    name="up to the highest rank",
)(
    lambda files: _newest(
        files,
        complete=lambda group: {f["rank"] for f in group} == set(range(_highest(group) + 1)),
    )
)


def _of_world(world, files):
    return _newest([f for f in files if f["world"] == world])


@with_step.mistake(
    "You took one number of workers for all checkpoints, that of the newest file: a run may have "
    "been started again with fewer or more. Each file says its own."
)
def one_world_for_all(files):
    newest = max(files, key=lambda f: f["step"], default={"world": 0})
    return _of_world(newest["world"], files)


@with_step.mistake(
    "You took the first file's number of workers for all (and without any file there is no first "
    "one): each file says its own."
)
def the_first_file_world(files):
    return _of_world(files[0]["world"], files)


@with_step.mistake(
    "You reject a checkpoint as soon as one of its files is half-written, but the same rank may "
    "have a whole one beside it: keep whole files, then count ranks."
)
def spoilt_by_one_file(files):
    torn = {(f["step"], f["world"]) for f in files if f["written"] < f["size"]}
    return _newest([f for f in files if (f["step"], f["world"]) not in torn])


with_step.mistake(
    "You compared steps as text, where '900' comes after '1100': compare numbers. (In names of "
    "files, zeros in front help.)",
    name="compared as text",
)(lambda files: max(_complete_steps(files), key=str, default=0))


with_step.mistake(
    "You took a complete checkpoint, but the oldest: take the greatest step.", name="oldest chosen"
)(lambda files: min(_complete_steps(files), default=0))


with_step.mistake(
    "You took the complete checkpoint that comes last in the list: files come in any order, so "
    "take the greatest step.",
    name="last in the list",
)(lambda files: [0, *_complete_steps(files)][-1])


with_step.mistake(
    "When no checkpoint is complete your function stops with an error (max of nothing): a new run "
    "begins, so return (0, 0, 0). max(…, default=0) does it.",
    name="stops when nothing is complete",
)(lambda files: max(_complete_steps(files)))


with_step.mistake(
    "When no checkpoint is complete you go on from step -1: a new run begins, return (0, 0, 0).",
    name="-1 when nothing is complete",
)(lambda files: max(_complete_steps(files), default=-1))


with_step.mistake(
    "For you no checkpoint is ever complete: ranks count from 0, so compare with "
    "set(range(world)), and a set with a set.",
    name="never complete",
)(lambda files: 0)


@with_step.mistake(
    "You stop at the first checkpoint that is not complete: the run went on after it, so a later "
    "one may be complete."
)
def up_to_the_first_gap(files):
    good, best = set(_complete_steps(files)), 0
    for step in sorted({f["step"] for f in files}):
        if step not in good:
            break
        best = step
    return best


@with_step.mistake(
    "You compare the number of workers before the step: the greatest step counts, whatever its "
    "world."
)
def largest_world_first(files):
    groups = {(f["world"], f["step"]) for f in files}
    whole = [
        (w, s) for w, s in groups if s in _complete_steps([f for f in files if f["world"] == w])
    ]
    return max(whole, default=(0, 0))[1]


def _with_place(place):
    """The right step; epoch and batch by a wrong rule."""

    def wrong(files, steps_per_epoch):
        step, epoch, done = resume_from(files, steps_per_epoch)
        return place(step, epoch, done)

    return wrong


with_place = resuming.group("With place", make=_with_place)


with_place.mistake(
    "You begin the epoch again, so its first batches are trained on twice: return how many "
    "batches of it are done, to skip them.",
    name="epoch begun again",
)(lambda step, epoch, done: (step, epoch, 0))


with_place.mistake(
    "You go on with the next epoch, so the rest of this one is never seen: stay in it, and return "
    "how many of its batches are done.",
    name="next epoch",
)(lambda step, epoch, done: (step, epoch + bool(done), 0))


with_place.mistake(
    "Your third number counts the batches of the whole run: count those of this epoch, step % "
    "steps_per_epoch.",
    name="batch of the run",
)(lambda step, epoch, done: (step, epoch, step))


with_place.mistake(
    "You rounded the epoch up: in the middle of an epoch that is the next one; // rounds down.",
    name="epoch rounded up",
)(lambda step, epoch, done: (step, epoch + bool(done), done))


def _with_whole_files(chosen):
    """The right rule on files of which each rank keeps one, by `chosen(files)`."""

    def wrong(files, steps_per_epoch):
        keys = [(f["step"], f["world"], f["rank"]) for f in files]
        kept = dict(chosen(list(zip(keys, files, strict=True))))
        return resume_from(list(kept.values()), steps_per_epoch)

    return wrong


with_whole_files = resuming.group("With whole files", make=_with_whole_files)


with_whole_files.mistake(
    "Of several files of one rank you keep the last in the list, even a half-written one: throw "
    "away what is not whole first.",
    name="the last file of a rank",
)(lambda pairs: pairs)


with_whole_files.mistake(
    "Of several files of one rank you look at the first in the list only, even a half-written "
    "one: throw away what is not whole first.",
    name="the first file of a rank",
)(lambda pairs: pairs[::-1])


resuming.hints(
    "First throw away what is not whole. Then ask of each checkpoint: which ranks are there?",
    "Collect, for each pair (step, world), the set of ranks with a whole file. It is complete "
    "when the set has world members. The greatest such step counts.",
    "A dict with sets: ranks.setdefault((step, world), set()).add(rank). max(…, default=0), and "
    "divmod(step, steps_per_epoch) gives both other numbers.",
)
