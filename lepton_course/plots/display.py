"""Show a figure with an alternative text, in a version for light pages and one for dark pages."""

from __future__ import annotations

import base64
import html
import io

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave

from lepton_course.plots.dark import dark_version, picture_boxes
from lepton_course.plots.tidying import tidy

PADDING_INCHES = 0.1

_DARK_PAGES = (  # how JupyterLab and Notebook, VS Code, and Sphinx's themes say that they are dark
    'body[data-jp-theme-light="false"]',
    "body.vscode-dark",
    "body.vscode-high-contrast",
    '[data-theme="dark"]',
)

_STYLE = (
    "<style>"
    + ",".join(f"{page} .lepton-figure .on-dark" for page in _DARK_PAGES)
    + "{display:inline !important}"
    + ",".join(f"{page} .lepton-figure .on-light" for page in _DARK_PAGES)
    + "{display:none !important}</style>"
)


def show(figure: Figure, *, alt: str) -> None:
    """Display a figure with a text for readers who cannot see it, then close the figure.

        plots.show(plots.learning_curves(history), alt="Both losses fall over 10 epochs.")

    figure: a Matplotlib figure, such as these functions return (`axes.figure`, given Axes).
    alt: one sentence that says what the figure shows. It becomes the image's alternative text in
        JupyterLab and on pages made from the notebook, and is printed in a terminal.

    Raises ValueError when `alt` is empty.
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if not alt.strip():
        raise ValueError("show(figure, alt=…): say in a sentence what the figure shows")
    if get_ipython() is None:
        plt.close(figure)  # or the cell would show it a second time
        print(alt)
        return
    page, picture = page_of(figure, alt)
    plt.close(figure)
    # JupyterLab draws image/png without its alternative text, and so prefers the HTML.
    data = {"image/png": picture, "text/html": page, "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def page_of(figure: Figure, alt: str) -> tuple[str, str]:
    """Return a figure as HTML for light and dark pages, and as PNG in base64 for light ones."""
    light, dark = _pictures(figure)
    images = _image(light, alt, "on-light") + _image(dark, alt, "on-dark")
    return f'{_STYLE}<div class="lepton-figure">{images}</div>', light


def _image(picture: str, alt: str, class_: str) -> str:
    hidden = ";display:none" if class_ == "on-dark" else ""  # also where styles are taken out
    return (
        f'<img class="{class_}" alt="{html.escape(alt)}" style="max-width:100%{hidden}" '
        f'src="data:image/png;base64,{picture}">'
    )


def _pictures(figure: Figure) -> tuple[str, str]:
    """Return the figure for light and for dark pages, each as PNG in base64."""
    tidy(figure)
    for _ in range(2):  # lay it out; beside images of a fixed aspect, labels move once more
        figure.canvas.draw()
    figure.set_layout_engine("none")  # or saving would move them out of the bounds
    bounds = figure.get_tightbbox().padded(PADDING_INCHES)
    light = io.BytesIO()
    figure.savefig(light, format="png", bbox_inches=bounds, dpi=figure.dpi)
    light.seek(0)
    pixels = imread(light)[..., :3]
    dark = io.BytesIO()
    imsave(dark, dark_version(pixels, picture_boxes(figure, bounds)), format="png")
    return _base64(light), _base64(dark)


def _base64(buffer: io.BytesIO) -> str:
    return base64.b64encode(buffer.getvalue()).decode()
