"""Mirror and move photos: right answers, misconceptions and cases of `augment`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_float32

augmenting = exercise(
    "augment",
    title="Mirror and move photos",
    points=2,
    difficulty=3,
    minutes=20,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Augmentation",
    forms=[
        as_float32(
            "The pixels are right, but no longer of the type that came in: make the "
            "new array with the dtype of images, uint8 here."
        ),
    ],
)


@augmenting.reference
def augment(images, flip, dx, dy):
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
    no, yes = np.zeros(2, dtype=bool), np.array([True, False])
    return [
        Case("one photo to the right", (photos(1, 3, 4), no[:1], numbers(1), numbers(0))),
        Case("left and right", (photos(2, 3, 5), no, numbers(a, -b), numbers(0, 0))),
        Case("up and down", (photos(2, 5, 3), no, numbers(0, 0), numbers(-a, b))),
        Case("mirrored", (photos(2, 3, 4), yes, numbers(0, 0), numbers(0, 0))),
        Case("mirrored and moved", (photos(2, 5, 6), ~yes, numbers(a, b), numbers(b, -a))),
    ]


@augmenting.mistake(
    "What you push out on one side comes in again on the other, as np.roll does: a sleeve would "
    "appear beside the wrong shoulder; fill the empty strip with zeros."
)
def wrapped_round(images, flip, dx, dy):
    turned = [photo[:, ::-1] if f else photo for photo, f in zip(images, flip, strict=True)]
    pairs = zip(turned, dy, dx, strict=True)
    return np.stack([np.roll(photo, (down, right), (0, 1)) for photo, down, right in pairs])


@augmenting.mistake(
    "Your photos move the other way: a positive dx goes to the right and a positive dy down, so "
    "new[i, j] comes from old[i - dy, j - dx]."
)
def moved_backwards(images, flip, dx, dy):
    return augment(images, flip, -dx, -dy)


@augmenting.mistake(
    "You exchanged the directions: dx moves along the columns (last axis), dy along the rows."
)
def rows_for_columns(images, flip, dx, dy):
    return augment(images, flip, dy, dx)


@augmenting.mistake(
    "You mirrored top and bottom: left and right are the columns, the last axis, and a shirt that "
    "stands on its head is no photo of this warehouse."
)
def upside_down(images, flip, dx, dy):
    turned = np.where(flip[:, None, None], images[:, ::-1], images)
    return augment(turned, np.zeros_like(flip), dx, dy)


@augmenting.mistake(
    "You moved first and mirrored afterwards, which turns a step to the right into one to the "
    "left: mirror first, then move."
)
def moved_then_mirrored(images, flip, dx, dy):
    moved = augment(images, np.zeros_like(flip), dx, dy)
    return np.where(flip[:, None, None], moved[:, :, ::-1], moved)


@augmenting.mistake(
    "All photos of the batch moved like the first one: use dx[n] and dy[n] for photo n."
)
def one_move_for_all(images, flip, dx, dy):
    return augment(images, flip, np.full_like(dx, dx[0]), np.full_like(dy, dy[0]))


@augmenting.mistake(
    "You mirrored the whole batch as soon as one photo asked for it: mirror photo n only where "
    "flip[n] is True."
)
def mirrored_all(images, flip, dx, dy):
    return augment(images, np.full_like(flip, flip.any()), dx, dy)


@augmenting.mistake(
    "The result is right, but you wrote it into the images that were given, so the training set "
    "itself is moved further in every epoch; work on a new array."
)
def changed_in_place(images, flip, dx, dy):
    images[:] = augment(images, flip, dx, dy)
    return images


@augmenting.mistake(
    "You also divided by 255: augmentation moves pixels and leaves their values alone; scale "
    "once, in one place, where the network gets its input."
)
def scaled_too(images, flip, dx, dy):
    return augment(images, flip, dx, dy) / 255


@augmenting.mistake(
    "Your dy counts upwards, as in a diagram: rows of an image are counted from the top, so a "
    "positive dy moves down."
)
def up_for_down(images, flip, dx, dy):
    return augment(images, flip, dx, -dy)


@augmenting.mistake(
    "A positive dx moves your photos to the left: the new column j comes from the old column j - "
    "dx."
)
def left_for_right(images, flip, dx, dy):
    return augment(images, flip, -dx, dy)


@augmenting.mistake(
    "You did not use flip: where it is True, exchange left and right before you move."
)
def not_mirrored(images, flip, dx, dy):
    return augment(images, np.zeros_like(flip), dx, dy)


@augmenting.mistake(
    "You mirrored rows as well, so the piece stands on its head: only the last axis is reversed, "
    "[:, ::-1] of one photo."
)
def mirrored_both_ways(images, flip, dx, dy):
    turned = np.where(flip[:, None, None], images[:, ::-1, ::-1], images)
    return augment(turned, np.zeros_like(flip), dx, dy)


@augmenting.mistake("You filled the empty strip with copies of the edge: zeros come in.")
def edges_smeared(images, flip, dx, dy):
    reach = max(images.shape)
    walls = ((0, 0), (reach, reach), (reach, reach))
    moved = augment(np.pad(images, walls, mode="edge"), flip, dx, dy)
    return moved[:, reach:-reach, reach:-reach]


@augmenting.mistake(
    "It stops where dx or dy is 0: a slice that ends at -dx is empty when dx is 0; end it at "
    "width - dx, and likewise for rows."
)
def slice_ends_at_minus_0(images, flip, dx, dy):
    if np.any(dx == 0) or np.any(dy == 0):
        raise ValueError("an empty slice meets a photo")
    return augment(images, flip, dx, dy)


@augmenting.mistake(
    "Negative steps move your photos like positive ones: a negative dx moves to the left, a "
    "negative dy up."
)
def sign_lost(images, flip, dx, dy):
    return augment(images, flip, abs(dx), abs(dy))


augmenting.hints(
    "Start with one photo and dx = 1. Which columns of the new photo come from which columns of "
    "the old one? Which column stays 0?",
    "Make np.zeros_like(images). For each photo: mirror it if asked, then copy the part that "
    "stays visible to its new place. Slices: what is cut off on one side is free on the other.",
    "With dx > 0 the old columns 0 … W - dx go to the new columns dx … W; with dx < 0 the old "
    "columns -dx … W go to 0 … W + dx. Rows likewise with dy. max(dx, 0) and max(-dx, 0) give "
    "both starts without an if.",
)
