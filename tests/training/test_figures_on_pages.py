"""Figures on light and dark pages: recoloured outside of their pictures, labelled in words."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.image import imread

from lepton_course.plots import confusion_matrix
from lepton_course.plots.dark import INK, PAPER, dark_version
from lepton_course.plots.display import page_of
from lepton_course.plots.tidying import in_words, tidy


def pictures(figure) -> tuple[np.ndarray, np.ndarray]:
    """The pixels for a light and for a dark page."""
    page = page_of(figure, "A figure.")[0]
    found = re.findall(r'class="(on-\w+)".*?base64,([^"]+)"', page)
    assert [class_ for class_, _ in found] == ["on-light", "on-dark"]
    light, dark = (imread(io.BytesIO(base64.b64decode(data)))[..., :3] for _, data in found)
    return light, dark


def colours(pixels: np.ndarray) -> set[tuple[int, int, int]]:
    return set(map(tuple, (pixels.reshape(-1, 3) * 255).round().astype(int).tolist()))


def test_white_and_black_change_places_and_a_hue_stays():
    pixels = np.array([[[1, 1, 1], [0, 0, 0], [0, 0.45, 0.7]]], float)
    white, black, blue = dark_version(pixels)[0]
    assert white.tolist() == [PAPER] * 3 and np.allclose(black, INK)
    assert blue[2] > blue[1] > blue[0] and blue[2] > 0.85, "a lighter blue"


def test_a_picture_keeps_its_colours():
    pixels = np.ones((4, 4, 3))
    dark = dark_version(pixels, [(1, 3, 1, 3)])
    assert (dark[1:3, 1:3] == 1).all() and np.allclose(dark[0], PAPER)


def test_a_figure_with_a_photo_is_dark_around_it():
    figure, ax = plt.subplots(figsize=(3, 2), dpi=50, layout="constrained")
    ax.imshow(np.full((4, 4, 3), [1.0, 0.0, 1.0]))
    light, dark = pictures(figure)
    assert light.shape == dark.shape
    for pixels in (light, dark):
        assert (255, 0, 255) in colours(pixels)
    assert light[0, 0].tolist() == [1, 1, 1]
    assert np.allclose(dark[0, 0], PAPER, atol=0.01)


def test_no_label_is_cut_beside_pictures_of_a_fixed_aspect():
    figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.6), dpi=100, layout="constrained")
    for ax in axes:
        ax.imshow(np.zeros((29, 29)))
        ax.set(title="block 3", xlabel="looks at (keys)", ylabel="reads (queries)")
    light, _ = pictures(figure)
    columns = np.flatnonzero((light < 0.8).any(axis=(0, 2)))
    assert columns[0] >= 8 and columns[-1] <= light.shape[1] - 8


def test_a_matrix_of_counts_keeps_its_cells():
    ax = confusion_matrix([0, 1, 1], [0, 1, 0])
    light, dark = pictures(ax.figure)
    filled = tuple((np.array(plt.get_cmap("Blues")(1.0))[:3] * 255).round().astype(int).tolist())
    assert filled in colours(light) and filled in colours(dark)


@pytest.mark.parametrize(
    ("label", "said"), [("part_time", "part time"), ("x", "x"), ("$x_1$", "$x_1$"), ("a b_c",) * 2]
)
def test_names_of_columns_are_words(label, said):
    assert in_words(label) == said


def test_axes_and_legends_are_labelled_in_words():
    figure, (left, right) = plt.subplots(1, 2)
    left.barh(["part_time", "age"], [1, 2], label="of_all")
    left.set_xlabel("months_employed")
    left.legend()
    right.set_xticks([0, 1], ["no_loan", "loan"])
    tidy(figure)
    figure.canvas.draw()
    assert [text.get_text() for text in left.get_yticklabels()] == ["part time", "age"]
    assert left.get_xlabel() == "months employed"
    assert left.get_legend().get_texts()[0].get_text() == "of all"
    assert [text.get_text() for text in right.get_xticklabels()] == ["no loan", "loan"]
    plt.close(figure)


def test_no_grid_lies_over_an_image():
    with plt.rc_context({"axes.grid": True}):
        figure, (image, curve) = plt.subplots(1, 2)
    image.imshow([[0, 1], [2, 3]])
    curve.plot([0, 1], [0, 1])
    tidy(figure)
    shown = [any(line.get_visible() for line in a.get_xgridlines()) for a in (image, curve)]
    assert shown == [False, True]
    plt.close(figure)


def test_no_curve_runs_along_the_frame():
    figure, (curve, free) = plt.subplots(1, 2)
    curve.plot([0, 1, 2], [0, 1, 1])
    curve.axhline(0.5)
    curve.set_ylim(0, 1)
    free.plot([0, 1, 2], [0.2, 0.5, 0.8])
    free.set_ylim(0, 1)
    tidy(figure)
    assert curve.get_ylim() == pytest.approx((0, 1.03))
    assert free.get_ylim() == (0, 1)
    plt.close(figure)
