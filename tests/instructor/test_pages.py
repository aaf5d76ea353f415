"""What formgrader and feedback make of a learner's text. In a browser: test_formgrader.py."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook
from nbgrader.server_extensions.formgrader.handlers import template_path

from autograder.instructor.formgrader_pages import (
    BOX,
    clean_html,
    markdown_to_html,
    nbgrader_templates,
)
from autograder.submissions.cell_repair import restore
from lepton_course.checks.panel import Line, Panel

PICTURE = {"sketch.png": {"image/png": "iVBORw0KGgo="}}


def shown(source: str, **cell) -> str:
    return markdown_to_html({"cell": new_markdown_cell(source, **cell)}, source)


def test_the_templates_of_nbgrader_are_found_without_importing_it():
    assert nbgrader_templates() == template_path


def test_formulas_become_mathml():
    assert "<msup>" in shown("so $x^2$ grows")
    assert 'display="block"' in shown("$$\\sum_i x_i$$")
    assert shown("`$x$`") == BOX.format("<p><code>$x$</code></p>\n")


def test_a_formula_that_is_none_stays_readable_and_harmless():
    html = "<p><code>\\nonsense{&lt;b&gt;}</code></p>\n"
    assert shown("$\\nonsense{<b>}$") == BOX.format(html)
    assert "<script" not in shown("$\\text{<script>}$")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>steal()</script>",
        "<img src=x onerror=steal()>",
        "<a href='javascript:steal()'>x</a>",
        "<iframe srcdoc='<script>steal()</script>'></iframe>",
        "<form action=steal><input name=score></form>",
        "<b class=full-credit id=total onclick=steal()>x</b>",
        "<b style='position:fixed;background-image:url(steal)'>x</b>",
        "<svg><style><img src=x onerror=steal()></style></svg>",
        "<details open ontoggle=steal()>",
        "<plaintext><img src=x onerror=steal()>",
        "<math><mtext><table><mglyph><style><!--</style><img onerror=steal()>",
        "<!--[if IE]><img src=x onerror=steal()><![endif]-->",
    ],
)
def test_nothing_runs_or_poses_as_a_button(hostile):
    for html in (clean_html(hostile), shown(hostile)):
        for trace in ("steal()", "<form", "<input", "class=", "id=", "position", "javascript"):
            assert trace not in html


@pytest.mark.parametrize(
    "outside",
    [
        "<img src='https://e.example/x.png'>",
        "<img src='//e.example/x.png'>",
        "<img src='/hub/logout'>",
        "<img src='../../x.png'>",
        "<img src='data:image/svg+xml,<svg/>'>",
        "<a href='data:text/html,<script>'>x</a>",
        "<b style='cursor:url(https://e.example)'>x</b>",
        "<img srcset='https://e.example/x 2x'>",
        "<img lowsrc='https://e.example/x' dynsrc=x>",
        "<video poster='https://e.example/x' src=x></video>",
        "<table background='https://e.example/x'></table>",
        "<svg><image href='https://e.example/x'/></svg>",
        "<math href='https://e.example'><mtext>x</mtext></math>",
        "<meta http-equiv=refresh content='0;url=https://e.example'>",
        "<base href='https://e.example'><link rel=stylesheet href=x>",
        "<b style='background:src(https://e.example)'>x</b>",
        "<b style='background-image:image-set(\"x\" 1x)'>x</b>",
        "<img src='\\\\e.example\\x.png'>",
        "<a href='\\\\e.example'>x</a>",
        "![x](https://e.example/x.png)",
        "[x](data:text/html,x)",
    ],
)
def test_no_picture_or_link_leads_outside_unseen(outside):
    for html in (clean_html(outside), shown(outside)):
        assert "src=" not in html and "href=" not in html and "url" not in html.split("](")[0]


@pytest.mark.parametrize("style", ["padding:3000px", "margin:-900px", "text-indent:-9999px"])
def test_nothing_reaches_out_of_its_box(style):
    """A link that lies over the page's buttons would be clicked in their place."""
    html = clean_html(f"<a href='https://e.example' style='{style}'>x</a></div></div><b>y</b>")
    assert html.startswith('<div style="overflow:auto">')
    assert html.endswith("<b>y</b></div>")
    assert html.count("</div>") == 1


def test_pictures_beside_the_page_and_links_stay():
    picture = '<img src="figures/a 1.png" alt="a">'
    assert clean_html(picture) == BOX.format(picture)
    for link in ("https://e.example/a?b=1", "mailto:a@e.example", "#Part-2", "deeper.ipynb#x"):
        assert f'href="{link}"' in clean_html(f'<a href="{link}">x</a>')


def test_what_cannot_be_rendered_is_shown_as_text():
    odd = {"source": "![](attachment:a.png)", "attachments": {"a.png": None}}
    assert "(Shown as text: it cannot be rendered.)" in markdown_to_html(
        {"cell": odd}, odd["source"]
    )


def test_the_judges_panel_keeps_its_looks():
    html = Panel("wrong", "Not yet", (Line("Likely reason", "You squared."),))._repr_html_()
    assert "border-left: 5px solid #D55E00" in clean_html(html).replace("left:5", "left: 5")
    assert ">Likely reason</th><td" in clean_html(html)
    assert ">You squared.</td></tr>" in clean_html(html)


def test_a_figure_for_dark_pages_is_hidden_on_the_graders_page():
    page = clean_html('<img class="on-dark" style="max-width:100%;display:none" src="data:x">')
    assert "display: none" in page.replace("display:none", "display: none")


def test_a_pasted_picture_is_handed_on_and_a_missing_one_is_told():
    mark = {"grade": True, "solution": True, "grade_id": "why", "locked": False, "points": 1}
    released = new_markdown_cell("", metadata={"nbgrader": {**mark, "schema_version": 3}})
    answer = nbformat.from_dict(released)
    answer.update(source="![a sketch](attachment:sketch.png)", attachments=PICTURE)
    [cell] = restore(new_notebook(cells=[answer]), new_notebook(cells=[released])).notebook.cells
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in shown(
        cell.source, attachments=cell.attachments
    )
    assert "(the picture sketch.png is missing)" in shown(cell.source)
