"""resume_from: the newest complete checkpoint among files, and where to go on in the epoch."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_many

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
            "You returned the step after the checkpoint's: `step` is how many steps are done.",
            of="step",
        ),
        one_too_many(
            "Your epochs count from 1: the first is 0, so that the sampler is seeded as before.",
            of="epoch",
        ),
    ],
)


@resuming.reference
def resume_from(files, steps_per_epoch):
    """Return (step, epoch, done) of the newest complete checkpoint, or (0, 0, 0) without one.

    files: dicts of whole numbers "step", "rank", "world", "size", "written" (both in bytes).
    steps_per_epoch: batches in an epoch, at least 1.
    """
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
        full = size + 8 * rank
        written = min(int(share * full), full - (share < 1))  # below 1 a byte is missing
        return {"step": step, "rank": rank, "world": world, "size": full, "written": written}

    def checkpoint(step, world, missing=(), torn=()):
        ranks = [rank for rank in range(world) if rank not in missing]
        return [file(step, rank, world, 0.97 if rank in torn else 1.0) for rank in ranks]

    def in_order(part, *groups, epoch=per_epoch):
        return Case(part, ([f for group in groups for f in group], epoch))

    def shuffled(part, *groups, epoch=per_epoch):
        files = [f for group in groups for f in group]
        return in_order(part, [files[i] for i in rng.permutation(len(files))], epoch=epoch)

    start = int(rng.integers(3, 8)) * 100
    a, b, c, d = (start + 100 * i for i in range(4))
    e = 2 * per_epoch
    return [
        in_order("all complete", checkpoint(900, 3), checkpoint(1000, 3), checkpoint(1100, 3)),
        in_order("all complete", checkpoint(1, 1), epoch=per_epoch + 1),
        shuffled("a file is missing", checkpoint(a, 4), checkpoint(b, 4, [3]), epoch=40),
        shuffled("a file is missing", checkpoint(a, 3), checkpoint(b, 3, [0]), epoch=33),
        shuffled("a half-written file", checkpoint(a, 2), checkpoint(b, 2, (), [1])),
        shuffled(
            "a half-written file",
            checkpoint(a, 3),
            [*checkpoint(b, 3, [1]), file(b, 1, 3, 0.9999)],  # one byte is missing
            checkpoint(c, 3, [1, 2], [0]),
            epoch=1,
        ),
        # A gap in the middle: the run went on after it.
        shuffled(
            "a half-written file",
            checkpoint(a, 2, (), [0]),
            checkpoint(b, 2),
            checkpoint(c, 2, [1]),
        ),
        shuffled(
            "copies of files",
            checkpoint(a, 3),
            [*checkpoint(b, 3), file(b, 1, 3)],
            [*checkpoint(c, 3, [2]), file(c, 0, 3)],
            [*checkpoint(d, 3, (), [2]), file(d, 0, 3), file(d, 2, 3, 0.0)],
        ),
        in_order(
            "copies of files",
            checkpoint(a, 3),
            checkpoint(b, 3),
            [file(b, 2, 3, 0.4), file(b, 0, 3)],
        ),
        in_order("copies of files", checkpoint(a, 3), [file(b, 2, 3, 0.4)], checkpoint(b, 3)),
        in_order("another number of workers", checkpoint(a, 4), checkpoint(b, 2)),
        in_order(
            "another number of workers",
            checkpoint(a, 4),
            checkpoint(b, 2),
            [*checkpoint(c, 4, [2, 3]), file(c, 1, 2)],
            [*checkpoint(d, 4, [1]), file(d, 1, 2)],
        ),
        in_order("at the end of an epoch", checkpoint(e * 2, 2), checkpoint(e, 2)),
        shuffled("nothing complete", checkpoint(a, 3, [1]), checkpoint(b, 3, (), [0, 2])),
        in_order("nothing complete"),
    ]


def _with_step(find):
    """A wrong step, found in the files; epoch and batch follow from it."""

    def wrong(files, steps_per_epoch):
        step = find(files)
        return step, step // steps_per_epoch, step % steps_per_epoch

    return wrong


def _is_whole(file):
    return file["written"] == file["size"]


def _ranks(group):
    return {f["rank"] for f in group}


def _all_ranks(group):
    return _ranks(group) == set(range(group[0]["world"]))


def _complete(
    files, *, whole=_is_whole, key=lambda f: (f["step"], f["world"]), complete=_all_ranks
):
    """The steps to resume from, with the rules given, in the order of the files."""
    groups = {}
    for part in files:
        if whole(part):
            groups.setdefault(key(part), []).append(part)
    return [group[0]["step"] for group in groups.values() if complete(group)]


def _newest(files, **rules):
    return max(_complete(files, **rules), default=0)


whole_file = resuming.group("Whole files", make=_with_step)

whole_file.mistake(
    "You look for all ranks, but count half-written files too: a file is whole when `written` "
    "equals `size`.",
    name="half-written files counted",
)(lambda files: _newest(files, whole=lambda f: True))


@whole_file.mistake(
    "You reject a checkpoint as soon as one of its files is half-written, but the same rank may "
    "have a whole one beside it: keep whole files, then count ranks."
)
def spoilt_by_one_file(files):
    torn = {(f["step"], f["world"]) for f in files if not _is_whole(f)}
    return _newest([f for f in files if (f["step"], f["world"]) not in torn])


@whole_file.mistake(
    "Of several files of one rank you keep the last in the list, even a half-written one: throw "
    "away what is not whole first."
)
def the_last_file_of_a_rank(files):
    kept = {(f["step"], f["world"], f["rank"]): f for f in files}
    return _newest(kept.values())


complete = resuming.group("Complete checkpoints", make=_with_step)

complete.mistake(
    "You took the newest step that any file has: the run may have been killed while that "
    "checkpoint was being written. All its ranks must have a whole file.",
    name="newest step",
)(lambda files: max((f["step"] for f in files), default=0))

complete.mistake(
    "For you one whole file makes a checkpoint: every rank from 0 to world - 1 must have one, "
    "since each holds a part of the state.",
    name="any whole file",
)(lambda files: _newest(files, complete=lambda group: True))

complete.mistake(
    "You ask whether all files that are there are whole: a rank whose file is missing goes "
    "unnoticed. Count the ranks against world.",
    name="missing files unnoticed",
)(
    lambda files: _newest(
        files, whole=lambda f: True, complete=lambda group: all(map(_is_whole, group))
    )
)

complete.mistake(
    "You compare the number of files with world, but a rank may have several (a copy, a second "
    "attempt): count different ranks.",
    name="files counted",
)(lambda files: _newest(files, complete=lambda group: len(group) == group[0]["world"]))

complete.mistake(
    "You ask for at least `world` files, but a copy of one rank does not replace another rank: "
    "count different ranks.",
    name="at least so many files",
)(lambda files: _newest(files, complete=lambda group: len(group) >= group[0]["world"]))

complete.mistake(
    "You ask for ranks 0 to the highest one that is there, so a missing last rank goes unnoticed: "
    "world says how many there must be.",
    name="up to the highest rank",
)(
    lambda files: _newest(
        files, complete=lambda group: _ranks(group) == set(range(max(_ranks(group)) + 1))
    )
)

complete.mistake(
    "You put files of one step together although they come from runs with different numbers of "
    "workers: the shards do not fit. Group by step and world.",
    name="runs mixed",
)(lambda files: _newest(files, key=lambda f: f["step"]))


newest = resuming.group("The newest", make=_with_step)

newest.mistake(
    "You took the complete checkpoint that comes last in the list: files come in any order, so "
    "take the greatest step.",
    name="last in the list",
)(lambda files: [0, *_complete(files)][-1])

newest.mistake(
    "When no checkpoint is complete your function stops with an error (max of nothing): a new run "
    "begins, so return (0, 0, 0). max(…, default=0) does it.",
    name="stops when nothing is complete",
)(lambda files: max(_complete(files)))


place = resuming.group("The place in the epoch", read="lesson.ipynb#Killed-and-resumed")


@place.mistake(
    "You begin the epoch again, so its first batches are trained on twice: return how many "
    "batches of it are done, to skip them."
)
def epoch_begun_again(right, a):
    step, epoch, _ = right()
    return step, epoch, 0


@place.mistake(
    "`done` counts the batches of the whole run: count those of this epoch, step % steps_per_epoch."
)
def batch_of_the_run(right, a):
    step, epoch, _ = right()
    return step, epoch, step


@place.mistake(
    "Right, except where an epoch has just been finished: then step // steps_per_epoch is the next "
    "one already, without subtracting 1."
)
def epoch_of_the_last_step(right, a):
    step, _, done = right()
    return step, max(0, step - 1) // a.steps_per_epoch, done


resuming.hints(
    "First throw away what is not whole. Then ask of each checkpoint: which ranks are there?",
    "Collect, for each pair (step, world), the set of ranks with a whole file. It is complete "
    "when the set has world members. The greatest such step counts.",
    "A dict with sets: ranks.setdefault((step, world), set()).add(rank). max(…, default=0), and "
    "divmod(step, steps_per_epoch) gives both other numbers.",
)
