"""Sphinx's configuration. `make site` gathers the pages and runs it: see build_site.py."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from book.reader_pages import sections_of  # noqa: E402
from book.sphinx_parts import EXTRA, GATHERED_STATIC  # noqa: E402
from book.staging import MATHJAX  # noqa: E402
from lepton_course import __version__ as release  # noqa: E402, F401

project = "Lepton Course"
html_title = project
language = "en"
copyright = "text and figures CC BY 4.0, code Apache 2.0"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax", "book.sphinx_parts"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
exclude_patterns = [EXTRA, GATHERED_STATIC]
nitpicky = True
# A type in a signature is a link where the site has a page for it.
nitpick_ignore_regex = [(r"py:(class|obj|data|exc|func|meth|attr)", r".*")]

# Notebooks are shown as `lepton run` executed them.
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js = {}
myst_enable_extensions = ["dollarmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 5
suppress_warnings = ["mystnb.unknown_mime_type"]

autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
add_module_names = False
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
templates_path = ["_templates"]
# A section of one page needs no list of its pages.
html_sidebars = {
    page: []
    for page in ["glossary", *(s.first[:-3] for s in sections_of(HERE.parent) if not s.pages)]
}
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher"],
    "header_links_before_dropdown": 8,
    "article_header_end": ["notebook-links"],
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}

# Formulas: MathJax as one file beside the pages. Within raw HTML, dollars stay dollars.
mathjax_path = MATHJAX
mathjax_options = {"defer": "defer"}
