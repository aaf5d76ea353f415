"""Draw image grids, learning curves, confusion matrices, filters and feature maps.

Every function takes NumPy arrays or torch tensors and returns the Axes (or the Figure, where there
are several Axes), so that you can add to it. Colours are the palette of Okabe and Ito, which
colour-blind readers can tell apart (M. Okabe, K. Ito: Color Universal Design, 2008).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

OKABE_ITO = (
    "#0072B2",  # blue
    "#E69F00",  # orange
    "#009E73",  # bluish green
    "#D55E00",  # vermilion
    "#CC79A7",  # reddish purple
    "#56B4E9",  # sky blue
    "#F0E442",  # yellow
    "#000000",  # black
)


def use_style() -> None:
    """Set the course's plot style for Matplotlib: colour-blind-safe colours and readable labels."""
    plt.rcParams.update(
        {
            "axes.prop_cycle": plt.cycler(color=OKABE_ITO),
            "image.cmap": "gray",
            "image.interpolation": "nearest",
            "figure.figsize": (7, 4),
            "figure.dpi": 100,
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.titlesize": 12,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "lines.linewidth": 2,
        }
    )


def image_grid(
    images: Any,
    titles: Sequence[Any] | None = None,
    *,
    columns: int = 8,
    wrong: Sequence[bool] | None = None,
) -> Figure:
    """Draw images in rows, each with its title, and return the Figure.

    images: grey (N, H, W), (N, 1, H, W) or (N, H, W, 1); colour (N, 3, H, W) or (N, H, W, 3).
        Any range of values: black is the lowest value over all images and white the highest.
    titles: N texts or numbers.
    columns: images per row.
    wrong: N booleans; a title is drawn in vermilion where it is True.

    Raises ValueError when there are no images, a shape is not one of these, or counts differ.
    """
    pictures = [_as_picture(image) for image in _array(images)]
    if not pictures:
        raise ValueError("there are no images to show")
    _check_count("titles", titles, len(pictures))
    _check_count("wrong", wrong, len(pictures))
    low = min(float(p.min()) for p in pictures)
    high = max(float(p.max()) for p in pictures)
    figure, axes = _grid(len(pictures), columns, height=1.35 if titles is not None else 1.1)
    for i, (ax, picture) in enumerate(zip(axes, pictures, strict=False)):
        if picture.ndim == 3:
            ax.imshow((picture - low) / ((high - low) or 1))
        else:
            ax.imshow(picture, cmap="gray", vmin=low, vmax=high)
        if titles is not None:
            color = OKABE_ITO[3] if wrong is not None and wrong[i] else "black"
            ax.set_title(str(titles[i]), fontsize=9, color=color)
    return figure


def learning_curves(
    history: Any,
    *,
    metrics: Sequence[str] = ("loss", "accuracy"),
    names: tuple[str, str] = ("training", "validation"),
) -> Figure:
    """Plot loss and accuracy by epoch, training beside validation, and return the Figure.

    >>> history = {"train_loss": [0.9, 0.5, 0.3], "validation_loss": [1.0, 0.7, 0.8]}
    >>> figure = learning_curves(history)  # a circle marks epoch 2, the lowest validation loss

    history: what `fit` returns, or a mapping from "train_loss", "validation_loss",
        "train_accuracy", … to a list with one number per epoch. The keys of Keras's
        `History.history` ("loss", "val_loss", …) work too.
    metrics: what to plot, each in an Axes of its own; those without a curve are left out.
    names: labels of the two curves.

    Raises ValueError when there is no curve for any of the metrics.
    """
    curves = history if isinstance(history, Mapping) else vars(history)
    found = [m for m in metrics if _curve(curves, m, 0) is not None]
    if not found:
        raise ValueError(f"no curve for {', '.join(metrics)} in {', '.join(curves) or 'nothing'}")
    figure, axes = plt.subplots(
        1, len(found), figsize=(4.6 * len(found), 3.4), squeeze=False, layout="constrained"
    )
    for ax, metric in zip(axes[0], found, strict=True):
        for which, style in ((0, "-"), (1, "--")):
            values = _curve(curves, metric, which)
            if values is not None and len(values):
                epochs = np.arange(1, len(values) + 1)
                ax.plot(epochs, values, style, color=OKABE_ITO[which], marker="o", ms=4)
                ax.lines[-1].set_label(names[which])
        validation = _curve(curves, metric, 1)
        if validation is not None and len(validation):
            best = int(np.argmin(validation) if metric == "loss" else np.argmax(validation))
            ax.plot(best + 1, validation[best], "o", ms=11, mfc="none", mec="black", mew=1.5)
            ax.lines[-1].set_label(f"best: epoch {best + 1}")
        ax.set(xlabel="epoch", ylabel="loss (cross-entropy)" if metric == "loss" else metric)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.legend()
    return figure


def confusion_matrix(
    labels: Any, predictions: Any, classes: Sequence[str] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Plot how often each true class (row) was predicted as each class (column); return the Axes.

    labels, predictions: integers (N,), class indices from 0.
    classes: names of the classes, by index; without them, the indices.
    ax: the Axes to draw on; by default a new figure's.

    Cells show counts. Their colour shows the fraction of the row, so that rare classes stand out as
    much as frequent ones. Raises ValueError when the numbers of labels and predictions differ.
    """
    true, predicted = _array(labels).ravel(), _array(predictions).ravel()
    if true.shape != predicted.shape:
        raise ValueError(f"{len(true)} labels but {len(predicted)} predictions")
    n = len(classes) if classes is not None else int(max(true.max(), predicted.max())) + 1
    counts = np.zeros((n, n), int)
    np.add.at(counts, (true, predicted), 1)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)

    if ax is None:
        side = 2.2 + 0.45 * n
        _, ax = plt.subplots(figsize=(side + 0.6, side), layout="constrained")
    picture = ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    ax.figure.colorbar(picture, ax=ax, shrink=0.8, label="fraction of the true class")
    for row, column in zip(*np.nonzero(counts), strict=True):
        color = "white" if share[row, column] > 0.55 else "black"
        text = str(counts[row, column])
        ax.text(column, row, text, ha="center", va="center", fontsize=9, color=color)
    names = list(classes) if classes is not None else list(range(n))
    ax.set_xticks(range(n), names, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(n), names)
    ax.set(xlabel="predicted class", ylabel="true class")
    ax.grid(False)
    return ax


def filters(weights: Any, *, columns: int = 8, channel: int = 0) -> Figure:
    """Draw the kernels of a convolution layer, blue for negative weights and red for positive ones.

    weights: (out channels, in channels, kH, kW), as torch stores them (`layer.weight`).
    columns: kernels per row.
    channel: the input channel whose weights are drawn, from 0.

    All kernels share one colour scale. Return the Figure. Raises ValueError for other ranks.
    """
    array = _array(weights)
    if array.ndim != 4:
        raise ValueError(f"expected weights (out, in, kH, kW), but their shape is {array.shape}")
    kernels = array[:, channel]
    limit = float(np.abs(kernels).max()) or 1.0
    figure, axes = _grid(len(kernels), columns, height=1.25)
    for i, (ax, kernel) in enumerate(zip(axes, kernels, strict=False)):
        picture = ax.imshow(kernel, cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(f"filter {i}", fontsize=9)
    figure.colorbar(picture, ax=list(axes), shrink=0.8, label="weight")
    return figure


def feature_maps(maps: Any, image: Any = None, *, columns: int = 8) -> Figure:
    """Draw the feature maps that a layer makes of one image, one picture per channel.

    maps: (C, H, W) or (1, C, H, W), as a torch layer returns them.
    image: the input, drawn first; (H, W), (1, H, W) or (3, H, W).
    columns: maps per row.

    All maps share one colour scale. Return the Figure. Raises ValueError for other shapes.
    """
    array = _array(maps)
    if array.ndim == 4 and len(array) == 1:
        array = array[0]
    if array.ndim != 3:
        raise ValueError(f"expected maps (C, H, W) of one image, but their shape is {array.shape}")
    first = 0 if image is None else 1
    figure, axes = _grid(len(array) + first, columns + first, height=1.3)
    if image is not None:
        axes[0].imshow(_as_picture(_array(image)), cmap="gray")
        axes[0].set_title("input", fontsize=9)
    low, high = float(array.min()), float(array.max())
    for i, channel in enumerate(array):
        picture = axes[i + first].imshow(channel, cmap="viridis", vmin=low, vmax=high)
        axes[i + first].set_title(f"channel {i}", fontsize=9)
    figure.colorbar(picture, ax=list(axes), shrink=0.8, label="activation")
    return figure


def _array(values: Any) -> np.ndarray:
    """Convert a tensor on any device, an array or a list to a NumPy array."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
    return np.asarray(values)


def _as_picture(image: np.ndarray) -> np.ndarray:
    """Convert an image with its channel first, last or absent to (H, W) or (H, W, 3)."""
    while image.ndim > 3 and len(image) == 1:
        image = image[0]
    if image.ndim == 3 and image.shape[0] in (1, 3) and image.shape[-1] not in (1, 3):
        image = np.moveaxis(image, 0, -1)
    if image.ndim == 3 and image.shape[-1] == 1:
        image = image[..., 0]
    if image.ndim == 2 or (image.ndim == 3 and image.shape[-1] == 3):
        return image.astype(float)
    raise ValueError(f"not an image: shape {image.shape}; expected (H, W), (1, H, W) or (3, H, W)")


def _grid(count: int, columns: int, height: float) -> tuple[Figure, np.ndarray]:
    """Return a figure and `count` axes without ticks, in rows of `columns`."""
    if columns < 1:
        raise ValueError(f"columns must be at least 1, not {columns}")
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(1.15 * columns + 0.4, height * rows),
        squeeze=False,
        layout="constrained",
    )
    for ax in axes.flat:
        ax.set_axis_off()
        ax.grid(False)
    for ax in axes.flat[count:]:
        ax.remove()
    return figure, axes.flat[:count]


def _curve(curves: Mapping[str, Any], metric: str, which: int) -> Sequence[float] | None:
    """Return a metric's training (0) or validation (1) curve, by the course's or Keras's key."""
    keys = ((f"train_{metric}", metric), (f"validation_{metric}", f"val_{metric}"))[which]
    return next((curves[key] for key in keys if key in curves), None)


def _check_count(name: str, values: Sequence[Any] | None, count: int) -> None:
    if values is not None and len(values) != count:
        raise ValueError(f"{len(values)} {name} for {count} images")
