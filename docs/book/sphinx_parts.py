"""What the site adds to Sphinx: links above notebooks, docstrings of this project, lexers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pygments.lexers.python import PythonLexer
from pygments.lexers.special import TextLexer
from pygments.token import Punctuation
from sphinx.application import Sphinx
from sphinx.config import Config

from book.api_pages import as_rst
from book.modules import NOTEBOOKS

EXTRA = "extra"
"""The folder, beside the pages, of files that are copied to the site as they are."""

GATHERED_STATIC = "static"
"""The folder, beside the pages, of scripts that pages load."""

DOWNLOADS = "notebooks"
"""The folder of the site for the notebooks that readers may download."""


class SketchLexer(PythonLexer):
    """Python in which `…` stands for what is left out."""

    tokens = {**PythonLexer.tokens, "expr": [("…", Punctuation), *PythonLexer.tokens["expr"]]}


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the parts with Sphinx.

    Settings: `lepton_hub`, the address of a JupyterHub, or "" for none; `lepton_hub_folder`, the
    learner's workspace there.
    """
    app.add_config_value("lepton_hub", "", "html", (str,))
    app.add_config_value("lepton_hub_folder", "lepton", "html", (str,))
    app.add_lexer("python", SketchLexer)
    app.add_lexer("csv", TextLexer)
    app.connect("config-inited", use_gathered_files)
    app.connect("html-page-context", add_notebook_links)
    app.connect("autodoc-process-docstring", rewrite_docstring)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def use_gathered_files(app: Sphinx, config: Config) -> None:
    """Have files copied that were gathered beside the pages; Sphinx looks beside conf.py."""
    config.html_static_path.append(str(app.srcdir / GATHERED_STATIC))
    config.html_extra_path = [str(app.srcdir / EXTRA)]


def add_notebook_links(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Give a notebook's page the addresses of its download and of its copy in the hub."""
    path = notebook_of(pagename)
    if not path or not doctree:
        return
    up = "../" * pagename.count("/")
    context["notebook_download"] = f"{up}{DOWNLOADS}/{path}"
    if app.config.lepton_hub:
        context["notebook_in_hub"] = hub_link(
            app.config.lepton_hub, app.config.lepton_hub_folder, path
        )


def notebook_of(page: str) -> str:
    """Return the path, within the curriculum, of the notebook that a page shows; "" for none."""
    first, _, path = page.partition("/")
    shows = first == "curriculum" and page.rpartition("/")[2] in {*NOTEBOOKS, "toolbox"}
    return f"{path}.ipynb" if shows else ""


def hub_link(hub: str, folder: str, path: str) -> str:
    """Return the address at which a JupyterHub opens a notebook of whoever signs in.

    >>> hub_link("https://hub.example.org/", "lepton", "toolbox.ipynb")
    'https://hub.example.org/hub/user-redirect/lab/tree/lepton/toolbox.ipynb'
    """
    place = quote("/".join(filter(None, (folder.strip("/"), path))))
    return f"{hub.rstrip('/')}/hub/user-redirect/lab/tree/{place}"


def rewrite_docstring(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Turn a docstring, in place, into what Sphinx reads."""
    lines[:] = as_rst(lines)
