"""Plots: every figure shows its data, labels its axes and takes arrays and tensors alike."""

import base64

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell

from lepton_course import plots


@pytest.fixture(autouse=True)
def style():
    """The course's style for one test, and no figure left open after it."""
    with plt.rc_context():
        plots.use_style()
        yield
    plt.close("all")


@pytest.fixture(params=["numpy", "torch"])
def images(request):
    """Five grey-scale images (5, 6, 7) with the values 0 … 209."""
    values = np.arange(5 * 6 * 7, dtype=np.float32).reshape(5, 6, 7)
    return torch.from_numpy(values) if request.param == "torch" else values


def shown(figure) -> list[np.ndarray]:
    """The pictures of a figure, without its colour bars."""
    return [ax.images[0].get_array() for ax in figure.axes if ax.images]


def test_style_uses_colours_that_colour_blind_readers_tell_apart():
    plots.use_style()
    cycle = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    assert tuple(cycle) == plots.OKABE_ITO
    assert len(set(cycle)) == 8


def test_image_grid_shows_every_image_with_its_title(images):
    figure = plots.image_grid(images, list("abcde"), columns=3)
    assert len(figure.axes) == 5
    assert [ax.get_title() for ax in figure.axes] == list("abcde")
    for picture, image in zip(shown(figure), images, strict=True):
        np.testing.assert_array_equal(picture, image)


def test_image_grid_has_one_grey_scale_for_all(images):
    figure = plots.image_grid(images)
    assert {ax.images[0].get_clim() for ax in figure.axes} == {(0, 209)}


@pytest.mark.parametrize("shape", [(2, 1, 6, 7), (2, 6, 7, 1), (2, 3, 6, 7), (2, 6, 7, 3)])
def test_image_grid_finds_the_channels(shape):
    pictures = shown(plots.image_grid(torch.rand(shape)))
    assert {picture.shape[:2] for picture in pictures} == {(6, 7)}


def test_wrong_images_have_another_colour():
    figure = plots.image_grid(np.zeros((2, 4, 4)), ["a", "b"], wrong=[True, False])
    assert [ax.title.get_color() for ax in figure.axes] == [plots.OKABE_ITO[3], "black"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((0, 4, 4)),), "no images"),
        ((np.zeros((2, 4, 4)), ["only one"]), "1 titles for 2 images"),
        ((np.zeros((2, 5, 4, 4)),), "not an image: shape"),
    ],
)
def test_image_grid_says_what_it_cannot_show(arguments, message):
    with pytest.raises(ValueError, match=message):
        plots.image_grid(*arguments)


@pytest.mark.parametrize(
    ("train", "validation"), [("train_", "validation_"), ("", "val_")], ids=["fit", "Keras"]
)
def test_learning_curves_of_fit_and_of_keras(train, validation):
    history = {
        f"{train}loss": [1.0, 0.5, 0.2],
        f"{validation}loss": [1.1, 0.6, 0.7],
        f"{train}accuracy": [0.5, 0.8, 0.9],
        f"{validation}accuracy": [0.5, 0.7, 0.8],
    }
    loss, accuracy = plots.learning_curves(history).axes
    assert loss.get_xlabel() == accuracy.get_xlabel() == "epoch"
    assert (loss.get_ylabel(), accuracy.get_ylabel()) == ("loss (cross-entropy)", "accuracy")
    assert [line.get_label() for line in loss.lines] == ["training", "validation", "best: epoch 2"]
    assert accuracy.lines[-1].get_label() == "best: epoch 3"
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [1.0, 0.5, 0.2])


def test_learning_curves_of_a_history_without_validation():
    from lepton_course.training.loop import History

    history = History(train_loss=[1.0, 0.5], train_accuracy=[0.3, 0.6], seconds=[1.0, 1.0])
    loss, _ = plots.learning_curves(history).axes
    assert [line.get_label() for line in loss.lines] == ["training"]


def test_learning_curves_of_nothing_says_so():
    with pytest.raises(ValueError, match="no curve for loss, accuracy in lr"):
        plots.learning_curves({"lr": [0.1]})


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_confusion_matrix_counts_true_classes_in_rows(kind):
    ax = plots.confusion_matrix(kind([0, 0, 1, 2]), kind([0, 1, 1, 1]), ["a", "b", "c"])
    cells = {text.get_position()[::-1]: text.get_text() for text in ax.texts}
    assert cells == {(0, 0): "1", (0, 1): "1", (1, 1): "1", (2, 1): "1"}
    np.testing.assert_allclose(ax.images[0].get_array(), [[0.5, 0.5, 0], [0, 1, 0], [0, 1, 0]])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]


def test_confusion_matrix_draws_into_given_axes():
    _, ax = plt.subplots()
    assert plots.confusion_matrix([0, 1], [0, 1], ax=ax) is ax


def test_confusion_matrix_needs_as_many_predictions_as_labels():
    with pytest.raises(ValueError, match="2 labels but 1 predictions"):
        plots.confusion_matrix([0, 1], [0])


def test_filters_of_a_layer_have_zero_in_the_middle_of_the_colours():
    layer = torch.nn.Conv2d(2, 5, kernel_size=3)
    figure = plots.filters(layer.weight, columns=4, channel=1)
    pictures = shown(figure)[:5]
    np.testing.assert_allclose(np.stack(pictures), layer.weight[:, 1].detach())
    low, high = figure.axes[0].images[0].get_clim()
    assert low == -high
    assert figure.axes[-1].get_ylabel() == "weight"


def test_filters_refuse_what_is_no_convolution():
    with pytest.raises(ValueError, match=r"their shape is \(3, 4\)"):
        plots.filters(torch.zeros(3, 4))


def test_feature_maps_show_the_input_first():
    maps = torch.rand(1, 6, 5, 5)
    figure = plots.feature_maps(maps, torch.rand(1, 28, 28), columns=3)
    titles = [ax.get_title() for ax in figure.axes[:7]]
    assert titles == ["input", *(f"channel {i}" for i in range(6))]
    np.testing.assert_allclose(np.stack(shown(figure)[1:7]), maps[0])
    assert figure.axes[-1].get_ylabel() == "activation"


def test_feature_maps_are_those_of_one_image():
    with pytest.raises(ValueError, match="of one image"):
        plots.feature_maps(torch.zeros(2, 6, 5, 5))


def test_a_shown_figure_carries_its_text_in_every_form(monkeypatch):
    shell = InteractiveShell()
    published = []
    monkeypatch.setattr(shell.display_pub, "publish", lambda **message: published.append(message))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(InteractiveShell, "instance", lambda: shell)
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    plots.show(figure, alt='A line "that rises".')
    [message] = published
    assert message["metadata"]["image/png"]["alt"] == 'A line "that rises".'
    assert 'alt="A line &quot;that rises&quot;."' in message["data"]["text/html"]
    assert message["data"]["text/plain"] == 'A line "that rises".'
    assert base64.b64decode(message["data"]["image/png"]).startswith(b"\x89PNG")
    assert plt.get_fignums() == [], "else the cell would show it again"


def test_a_figure_is_not_shown_without_a_text():
    figure, _ = plt.subplots()
    with pytest.raises(ValueError, match="say in a sentence"):
        plots.show(figure, alt=" ")


def test_in_a_terminal_the_text_stands_for_the_figure(capsys):
    plots.show(plt.figure(), alt="An empty figure.")
    assert capsys.readouterr().out == "An empty figure.\n"
