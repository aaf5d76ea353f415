"""resume_from: the newest complete checkpoint among files, and where to go on in the epoch."""

from __future__ import annotations

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import one_too_many

resuming = exercise(
    "resume_from",
    title="After the kill",
    points=2,
    difficulty=3,
    minutes=10,
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
    "have a whole file as well: keep the whole files, then count ranks."
)
def spoilt_by_one_file(files):
    torn = {(f["step"], f["world"]) for f in files if not _is_whole(f)}
    return _newest([f for f in files if (f["step"], f["world"]) not in torn])


@whole_file.mistake(
    "Of several files of one rank you keep the last in the list, even a half-written one: first "
    "discard every file that is not whole."
)
def the_last_file_of_a_rank(files):
    kept = {(f["step"], f["world"], f["rank"]): f for f in files}
    return _newest(kept.values())


complete = resuming.group("Complete checkpoints", make=_with_step)

complete.mistake(
    "You took the newest step that any file has: the run may have been killed while that "
    "checkpoint was being written. Every rank must have a whole file.",
    name="newest step",
)(lambda files: max((f["step"] for f in files), default=0))

complete.mistake(
    "You count a checkpoint as complete when it has one whole file: every rank from 0 to world - "
    "1 must have one, because each holds a part of the state.",
    name="any whole file",
)(lambda files: _newest(files, complete=lambda group: True))

complete.mistake(
    "You only check that the files present are whole, so a rank whose file is missing goes "
    "unnoticed: compare the ranks with world.",
    name="missing files unnoticed",
)(
    lambda files: _newest(
        files, whole=lambda f: True, complete=lambda group: all(map(_is_whole, group))
    )
)

complete.mistake(
    "You compare the number of files with world, but a rank may have several (a copy, a second "
    "attempt): count distinct ranks.",
    name="files counted",
)(lambda files: _newest(files, complete=lambda group: len(group) == group[0]["world"]))

complete.mistake(
    "You require at least `world` files, but a copy of one rank's file does not replace another "
    "rank's: count distinct ranks.",
    name="at least so many files",
)(lambda files: _newest(files, complete=lambda group: len(group) >= group[0]["world"]))

complete.mistake(
    "You require ranks 0 to the highest one present, so a missing last rank goes unnoticed: "
    "world says how many there must be.",
    name="up to the highest rank",
)(
    lambda files: _newest(
        files, complete=lambda group: _ranks(group) == set(range(max(_ranks(group)) + 1))
    )
)

complete.mistake(
    "You grouped files of one step although they come from runs with different numbers of "
    "workers, so the shards do not fit together: group by step and world.",
    name="runs mixed",
)(lambda files: _newest(files, key=lambda f: f["step"]))


newest = resuming.group("The newest", make=_with_step)

newest.mistake(
    "You took the complete checkpoint that comes last in the list: files come in any order, so "
    "take the largest step.",
    name="last in the list",
)(lambda files: [0, *_complete(files)][-1])

newest.mistake(
    "When no checkpoint is complete, your function raises an error (max of an empty sequence): "
    "the run starts from scratch, so return (0, 0, 0). max(…, default=0) does this.",
    name="stops when nothing is complete",
)(lambda files: max(_complete(files)))


place = resuming.group("The place in the epoch", read="lesson.ipynb#Killed-and-resumed")


place.mistake(
    "You restart the epoch, so its first batches are trained on twice: return how many of its "
    "batches are done, so that they can be skipped.",
    name="epoch begun again",
)(lambda right, a: (*right()[:2], 0))

place.mistake(
    "`done` counts the whole run's batches: count those of this epoch, step % steps_per_epoch.",
    name="batch of the run",
)(lambda right, a: (*right()[:2], right()[0]))

place.mistake(
    "You returned how many batches of the epoch are left: return how many are done.",
    name="batches left",
)(lambda right, a: (*right()[:2], a.steps_per_epoch - right()[2]))


@place.mistake(
    "Right, except when an epoch has just finished: then step // steps_per_epoch is already the "
    "next one, without subtracting 1."
)
def epoch_of_the_last_step(right, a):
    step, _, done = right()
    return step, max(0, step - 1) // a.steps_per_epoch, done


resuming.hints(
    "First discard files that are not whole. Then ask of each checkpoint: which ranks are there?",
    "Collect, for each pair (step, world), the set of ranks with a whole file. It is complete "
    "when the set has `world` members. Take the largest such step.",
    "A dict with sets: ranks.setdefault((step, world), set()).add(rank). Use max(…, default=0); "
    "divmod(step, steps_per_epoch) gives the other two numbers.",
)
