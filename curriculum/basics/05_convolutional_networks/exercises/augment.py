"""Mirror and move photos: the exercise `augment`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise

augmenting = exercise(
    "augment",
    title="Mirror and move photos",
    points=2,
    difficulty=3,
    minutes=10,
    probe=Call(fresh=True),
    compare=exact(same_dtype=True),
    read="lesson.ipynb#Augmentation",
)


@augmenting.reference
def augment(images, flip, dx, dy):
    """Photos mirrored where asked, then moved, zeros coming in: a new array like images.

    images: uint8 (N, H, W). flip: bool (N,), exchange left and right. dx, dy: whole numbers (N,),
    pixels to the right and down, negative ones to the left and up, smaller than the photo.
    """
    result = np.zeros_like(images)
    height, width = images.shape[1:]
    for index, photo in enumerate(images):
        photo = photo[:, ::-1] if flip[index] else photo
        down, right = int(dy[index]), int(dx[index])
        seen = photo[max(-down, 0) : height - down, max(-right, 0) : width - right]
        top, left = max(down, 0), max(right, 0)
        result[index, top : top + seen.shape[0], left : left + seen.shape[1]] = seen
    return result


@augmenting.alternative
def augment_by_index(images, flip, dx, dy):
    count, height, width = images.shape
    mirrored = np.where(flip[:, None, None], images[:, :, ::-1], images)
    i = np.arange(height)[None, :, None] - dy[:, None, None]
    j = np.arange(width)[None, None, :] - dx[:, None, None]
    inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
    found = mirrored[np.arange(count)[:, None, None], i.clip(0, height - 1), j.clip(0, width - 1)]
    return np.where(inside, found, 0).astype(images.dtype)


@augmenting.cases
def cases(rng):
    def photos(count, height, width):  # all pixels different from each other and from 0
        values = rng.permutation(np.arange(1, 1 + count * height * width))
        return values.astype(np.uint8).reshape(count, height, width)

    def numbers(*values):
        return np.array(values, dtype=np.int64)

    a, b = (int(step) for step in rng.permutation([1, 2]))
    far = int(rng.integers(10, 25))
    no, yes = np.zeros(2, dtype=bool), np.array([True, False])
    two_of_three = np.array([True, False, True])
    return [
        Case("one photo to the right", (photos(1, 3, 4), no[:1], numbers(1), numbers(0))),
        Case("left and right", (photos(2, 3, 5), no, numbers(a, -b), numbers(0, 0))),
        Case("left and right", (photos(2, 2, 26), no, numbers(-far, far), numbers(0, 0))),
        Case("up and down", (photos(2, 5, 3), no, numbers(0, 0), numbers(-a, b))),
        Case("up and down", (photos(2, 26, 2), no, numbers(0, 0), numbers(far, -far))),
        Case("mirrored or left alone", (photos(2, 3, 4), yes, numbers(0, 0), numbers(0, 0))),
        Case("mirrored or left alone", (photos(2, 4, 3), no, numbers(0, 0), numbers(0, 0))),
        Case("mirrored or left alone", (photos(3, 2, 3), two_of_three, *2 * [numbers(0, 0, 0)])),
        Case("mirrored and moved", (photos(2, 5, 6), ~yes, numbers(a, b), numbers(b, -a))),
    ]


moves = augmenting.group("Moves")


@moves.mistake(
    "Your photos move the other way: a positive dx moves to the right and a positive dy down, so "
    "new[i, j] comes from old[i - dy, j - dx]."
)
def moved_backwards(right, a):
    return right(dx=-a.dx, dy=-a.dy)


@moves.mistake(
    "A positive dx moves your photos to the left: the new column j comes from the old column j - "
    "dx."
)
def left_for_right(right, a):
    return right(dx=-a.dx)


@moves.mistake(
    "Your dy points upwards, as on a graph: rows of an image are counted from the top, so a "
    "positive dy moves down."
)
def up_for_down(right, a):
    return right(dy=-a.dy)


@moves.mistake(
    "You swapped the directions: dx moves along the columns (last axis), dy along the rows."
)
def rows_for_columns(right, a):
    return right(dx=a.dy, dy=a.dx)


@moves.mistake(
    "Negative steps move your photos like positive ones: a negative dx moves to the left, a "
    "negative dy up."
)
def sign_lost(right, a):
    return right(dx=abs(a.dx), dy=abs(a.dy))


@moves.mistake("All photos of the batch move like the first one: use dx[n] and dy[n] for photo n.")
def one_move_for_all(right, a):
    return right(dx=np.full_like(a.dx, a.dx[0]), dy=np.full_like(a.dy, a.dy[0]))


@moves.mistake(
    "Your function fails where dx or dy is 0: a slice that ends at -dx is empty when dx is 0; end "
    "it at width - dx, and likewise for rows."
)
def slice_ends_at_minus_0(right, a):
    if np.any(a.dx == 0) or np.any(a.dy == 0):
        raise ValueError("could not broadcast an empty slice")
    return right()


border = augmenting.group("What comes in")


@border.mistake(
    "Pixels that leave the frame on one side re-enter on the other (np.roll does this): a sleeve "
    "would appear beside the wrong shoulder; fill the empty strip with zeros."
)
def wrapped_round(right, a):
    mirrored = right(dx=0 * a.dx, dy=0 * a.dy)
    moves = zip(mirrored, a.dy, a.dx, strict=True)
    return np.stack([np.roll(photo, (down, aside), (0, 1)) for photo, down, aside in moves])


@border.mistake("You filled the empty strip with copies of the edge pixels: fill it with zeros.")
def edges_smeared(right, a):
    reach = max(a.images.shape)
    walls = ((0, 0), (reach, reach), (reach, reach))
    moved = right(images=np.pad(a.images, walls, mode="edge"))
    return moved[:, reach:-reach, reach:-reach].copy()


mirroring = augmenting.group("Mirroring")


def _mirrored(images, flip, *axes):
    return np.where(flip[:, None, None], np.flip(images, axes), images)


@mirroring.mistake("You did not use flip: where it is True, swap left and right before you move.")
def not_mirrored(right, a):
    return right(flip=np.zeros_like(a.flip))


@mirroring.mistake(
    "You mirrored top and bottom: left and right are the columns, the last axis, and no photo of "
    "this warehouse shows a shirt upside down."
)
def upside_down(right, a):
    return right(images=_mirrored(a.images, a.flip, 1), flip=np.zeros_like(a.flip))


@mirroring.mistake(
    "You mirrored rows as well, so the item is upside down: reverse the last axis only, [:, ::-1] "
    "of one photo."
)
def mirrored_both_ways(right, a):
    return right(images=_mirrored(a.images, a.flip, 1, 2), flip=np.zeros_like(a.flip))


@mirroring.mistake(
    "You reversed the order of the photos: the first axis of images[flip] counts them, and "
    "images[flip][:, :, ::-1] mirrors each."
)
def photos_in_reverse(right, a):
    images = a.images.copy()
    images[a.flip] = images[a.flip][::-1]
    return right(images=images, flip=np.zeros_like(a.flip))


@mirroring.mistake(
    "You moved first and mirrored afterwards, which turns a step to the right into one to the "
    "left: mirror first, then move."
)
def moved_then_mirrored(right, a):
    return _mirrored(right(flip=np.zeros_like(a.flip)), a.flip, 2)


@mirroring.mistake(
    "You mirrored the whole batch as soon as one photo asked for it: mirror photo n only where "
    "flip[n] is True."
)
def mirrored_all(right, a):
    return right(flip=np.full_like(a.flip, a.flip.any()))


augmenting.hints(
    "Start with one photo and dx = 1. Which columns of the new photo come from which columns of "
    "the old one? Which column stays 0?",
    "Make np.zeros_like(images). For each photo: mirror it if flip says so, then copy the part "
    "that stays visible to its new place. Slices: what is cut off on one side stays empty on the "
    "other.",
    "With dx > 0 the old columns 0 … W - dx go to the new columns dx … W; with dx < 0 the old "
    "columns -dx … W go to 0 … W + dx. Rows likewise with dy. max(dx, 0) and max(-dx, 0) give "
    "both starts without an if.",
)
