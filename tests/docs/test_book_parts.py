"""The parts of the site, each by itself: links, glossary, map, pages of notebooks, docstrings."""

from __future__ import annotations

import base64
import doctest
import importlib
import io
import pkgutil

import build_site
import nbformat
import pytest
from conftest import CLONE
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

import book
from autograder.proof.notebooks.tasks import select_tasks
from book.anchors import site_links
from book.api_pages import as_rst
from book.course_pages import course_page, module_page
from book.glossary import Meaning, glossary_page, meanings
from book.link_check import problems_of
from book.module_map import map_svg, placed
from book.modules import BookModule, needed_directly
from book.notebook_pages import is_of, page_of
from book.reader_pages import OTHERS, Section, sections_of, start_page
from book.sphinx_parts import notebook_of
from lepton_course.syllabus import Module

KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


def module(name: str, *needs: str, ready: bool = True) -> BookModule:
    about = Module(f"basics/{name}", name[3:].title(), f"on {name}", (60, 90), needs, 30)
    return BookModule(about, (), ("lesson", "assignment") if ready else ())


COURSE = [
    module("01_one"),
    module("02_two", "basics/01_one"),
    module("03_three", "basics/01_one", "basics/02_two"),
    module("04_four", "basics/02_two", ready=False),
]


@pytest.mark.parametrize("name", [m.name for m in pkgutil.walk_packages(book.__path__, "book.")])
def test_examples_in_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_a_link_to_a_notebook_that_is_nowhere_is_kept_for_the_build_to_complain_of():
    text = "[gone](gone.ipynb#Here), [code](https://example.org/a.ipynb)"
    kept = "[gone](gone.ipynb#here), [code](https://example.org/a.ipynb)"
    assert site_links(text, "a", {"a/b.ipynb"}, {"a/b.ipynb"}) == kept


LESSON = new_notebook(
    cells=[
        new_markdown_cell("# Nets\n\nAn **epoch** is promised here."),
        new_markdown_cell(
            "## Passes\n\nOne pass over\nall rows takes [a minute](x.md). This is an **epoch**.\n\n"
            "| word | what |\n|---|---|\n| **Logits** | scores before softmax |\n\n"
            "- a **rate**: how far a step goes, e.g. $0.1$. Small is slow."
        ),
        new_markdown_cell("## Summary\n\nThe **rate** again."),
    ]
)


def test_a_term_means_what_the_sentence_says_that_sets_it_in_bold():
    found = meanings(["epoch", "rate"], "m", LESSON)
    assert [meaning.sentence for meaning in found] == [
        "One pass over all rows takes a minute. This is an **epoch**.",
        "a **rate**: how far a step goes, e.g. $0.1$.",
    ]
    assert {meaning.heading for meaning in found} == {"Passes"}


def test_a_row_of_a_table_explains_a_term_in_the_plural():
    [found] = meanings(["logit"], "m", LESSON)
    assert found.sentence == "**Logits**: scores before softmax"


def test_a_term_that_is_nowhere_in_bold_is_named():
    with pytest.raises(ValueError, match="momentum"):
        meanings(["epoch", "momentum"], "m", LESSON)


def test_the_glossary_names_each_term_once_with_every_lesson_that_teaches_it():
    found = [
        Meaning("Epoch", "a", "A pass.", "Two passes"),
        Meaning("epoch", "b", "A round.", "Rounds"),
        Meaning("1×1 convolution", "b", "Mixes.", "Rounds"),
    ]
    page = glossary_page(found, {"a": "Alpha", "b": "Beta"})
    assert page.count("Epoch\n") == 1
    assert "[Alpha: Two passes](curriculum/a/lesson.ipynb#two-passes)" in page
    assert page.index("## 0 to 9") < page.index("## E")


def test_what_a_prerequisite_needs_is_not_needed_directly():
    needs = needed_directly(COURSE)
    assert needs["basics/03_three"] == ("basics/02_two",)


def test_on_the_map_a_module_stands_after_those_it_needs():
    places = {p.book.id: p for p in placed(COURSE, needed_directly(COURSE))}
    assert [places[book.id].column for book in COURSE] == [0, 1, 2, 2]
    assert places["basics/03_three"].row != places["basics/04_four"].row


def test_modules_that_need_each_other_in_a_circle_are_refused():
    circle = [module("01_one", "basics/02_two"), module("02_two", "basics/01_one")]
    with pytest.raises(ValueError, match="circle"):
        placed(circle, {book.id: book.module.prerequisites for book in circle})


def test_the_map_links_what_is_there_and_tells_the_rest_in_words():
    picture = map_svg(COURSE)
    assert picture.count('href="basics/02_two/index.html"') == 2  # wide and narrow
    assert "04_four/" not in picture
    assert "Four (planned) builds on Two." in picture


def test_pages_of_the_course_link_to_each_other():
    page = course_page(COURSE, toolbox=True)
    assert "[Two](basics/02_two/index.md): on 02_two | 60 + 90 | [One](basics/01_one/" in page
    page = module_page(COURSE[1], COURSE, [Meaning("epoch", "basics/02_two", "A pass.", "Passes")])
    assert "**Builds on** [One](../../basics/01_one/index.md)." in page
    assert "Four (planned)" in page
    assert "{term}`epoch`" in page


def test_the_first_page_leads_each_kind_of_reader_to_theirs():
    sections = [Section("Learners", "docs/a.md"), Section("Operators", "docs/b.md")]
    page = start_page("# Course\n\nWhat it is.\n\n## Start\n\nLike this.", sections, [])
    opening = page.partition("\n## Start")[0]
    assert "[learners](docs/a.md), [operators](docs/b.md)." in opening


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), colour).save(buffer, format="PNG")
    return buffer.getvalue()


def executed(*outputs) -> nbformat.NotebookNode:
    cell = new_code_cell("show()", outputs=list(outputs), metadata={"papermill": {"duration": 1.0}})
    return new_notebook(cells=[new_markdown_cell("[a](#B-c)"), cell], metadata=KERNEL)


def test_pictures_of_a_notebook_become_files_and_keep_their_alternative_text():
    data = base64.b64encode(picture("red")).decode()
    html = f'<img class="on-light" alt="A red box." src="data:image/png;base64,{data}">'
    page = page_of(executed(new_output("display_data", {"text/html": html})), "../../", str.lower)
    [(name, content)] = page.pictures.items()
    shown = page.notebook.cells[1].outputs[0].data["text/html"]
    assert content == picture("red")
    assert 'alt="A red box."' in shown
    assert f'width="3" height="2" loading="lazy" src="../../pictures/{name}"' in shown
    assert page.notebook.cells[0].source == "[a](#b-c)"


def test_errors_and_warnings_of_a_notebook_stay():
    outputs = [
        new_output("stream", name="stderr", text="a warning"),
        new_output("error", ename="ValueError", evalue="no", traceback=["ValueError: no"]),
    ]
    page = page_of(executed(*outputs), "", str)
    assert page.notebook.cells[1].outputs == outputs


def test_where_this_machine_keeps_packages_is_not_told():
    text = "/home/ada/.venv/lib/python3.11/site-packages/sklearn/a.py:86: UserWarning: groups\n"
    page = page_of(executed(new_output("stream", name="stderr", text=text)), "", str)
    [shown] = page.notebook.cells[1].outputs
    assert shown.text == "site-packages/sklearn/a.py:86: UserWarning: groups\n"


def test_only_what_ran_without_an_error_as_it_stands_is_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(build_site, "OUT", tmp_path)
    [task] = select_tasks(["toolbox"])
    place = tmp_path / "report" / "executed" / task.file_name
    place.parent.mkdir(parents=True)
    assert not build_site.is_executed(task)
    notebook = task.notebook()
    nbformat.write(notebook, place)
    assert build_site.is_executed(task)
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    last.outputs = [new_output("error", ename="ValueError", evalue="no", traceback=[])]
    nbformat.write(notebook, place)
    assert not build_site.is_executed(task)
    last.metadata.tags = ["raises-exception"]
    nbformat.write(notebook, place)
    assert build_site.is_executed(task)
    last.source += "\n1"
    nbformat.write(notebook, place)
    assert not build_site.is_executed(task)


def test_a_notebook_that_was_edited_since_is_not_taken_as_executed():
    source = executed()
    assert is_of(executed(new_output("stream", text="1")), source)
    source.cells[1].source = "show(2)"
    assert not is_of(executed(), source)


def test_parameters_of_a_docstring_become_a_list_of_definitions():
    lines = as_rst(["Take *all* of `x`.", "", "x, y: arrays `(N,)`;", "    *not* changed."])
    assert lines == [
        "Take \\*all\\* of ``x``.",
        "",
        "``x``, ``y``",
        "    arrays ``(N,)``;",
        "    \\*not\\* changed.",
        "",
    ]


def test_an_example_of_a_docstring_is_python_only_where_it_can_be_parsed():
    assert as_rst(["    f(…)", "", "    g()"])[:3] == [".. code-block:: python", "", "    f(…)"]
    assert as_rst(["    a table: of words"])[0] == ".. code-block:: text"


def test_only_notebooks_have_links_above_them():
    assert notebook_of("curriculum/basics/01_one/lesson") == "basics/01_one/lesson.ipynb"
    assert notebook_of("curriculum/toolbox") == "toolbox.ipynb"
    assert notebook_of("curriculum/basics/01_one/index") == ""
    assert notebook_of("docs/lesson") == ""


def test_every_document_of_the_clone_is_in_one_section():
    sections = sections_of(CLONE)
    pages = [page for section in sections for page in (section.first, *section.pages)]
    assert len(pages) == len(set(pages))
    documents = {path.relative_to(CLONE).as_posix() for path in (CLONE / "docs").glob("*.md")}
    assert documents <= set(pages)


def test_a_document_that_no_section_names_is_not_lost(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "news.md").write_text("# News\n")
    [section] = sections_of(tmp_path)
    assert (section.title, section.first) == (OTHERS, "docs/news.md")


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ('<a href="gone.html">x</a>', "gone.html leads nowhere"),
        ('<a href="#gone">x</a>', "#gone leads nowhere"),
        ('<a href="other.html#gone">x</a>', "other.html#gone leads nowhere"),
        ('<img alt="x" src="gone.png">', "gone.png leads nowhere"),
        ('<img src="there.png">', "a picture without alternative text: there.png"),
        ('<script src="https://cdn.example.org/x.js"></script>', "from elsewhere"),
        ('<link rel="stylesheet" href="//cdn.example.org/x.css">', "from elsewhere"),
    ],
)
def test_what_is_wrong_with_a_page_is_found(tmp_path, html, problem):
    (tmp_path / "index.html").write_text(html)
    (tmp_path / "other.html").write_text('<h1 id="here">x</h1>')
    (tmp_path / "there.png").write_bytes(b"")
    [found] = problems_of(tmp_path)
    assert found.startswith("index.html: ")
    assert found.endswith(problem)


def test_a_style_sheet_that_loads_from_elsewhere_is_found(tmp_path):
    (tmp_path / "a.css").write_text("@font-face { src: url(https://example.org/a.woff2) }")
    (tmp_path / "b.css").write_text("@font-face { src: url(data:font/woff2;base64,AA==) }")
    assert problems_of(tmp_path) == ["a.css: loads https://example.org/a.woff2 from elsewhere"]


def test_a_page_whose_links_hold_has_no_problem(tmp_path):
    (tmp_path / "index.html").write_text(
        '<p id="a"></p><a href="#a">x</a><a href="index.html?x=1#a">y</a>'
        '<a href="https://example.org">elsewhere</a>'
    )
    assert problems_of(tmp_path) == []
