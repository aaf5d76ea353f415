"""Reporting a mistake: a prefilled report with versions and the cell's name, nothing private."""

from __future__ import annotations

import getpass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from lepton_course.checks.check import open_session
from lepton_course.workspace.mistake_report import (
    MistakeReport,
    report_links,
    report_mistake,
    versions_in_use,
)

MODULE = "basics/05_convolutional_networks"
REPORT = MistakeReport(f"{MODULE}/lesson.ipynb", "train_epoch", {"torch": "2.6"})


def test_the_address_opens_a_report_with_versions_and_the_cells_name():
    opened = urlsplit(REPORT.address("https://git.example.com/course/issues/new"))
    filled = parse_qs(opened.query)
    assert filled["title"] == [f"Mistake in {MODULE}/lesson.ipynb, train_epoch"]
    assert "- torch 2.6" in filled["body"][0] and "`train_epoch`" in filled["body"][0]


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://a.example/new?labels=course", "https://a.example/new?labels=course&title=Mis"),
        ("mailto:course@a.example", "mailto:course@a.example?subject=Mistake%20in"),
        ("https://a.example/?q={title}", "https://a.example/?q=Mistake%20in"),
    ],
)
def test_the_operators_address_may_have_any_form(url, begins):
    assert REPORT.address(url).startswith(begins)


def test_a_notebook_has_a_link_for_its_text_and_for_each_exercise():
    html = report_links(MODULE, [("add", "Add <two>")], "https://a.example/new")["text/html"]
    assert html.count('href="https://a.example/new?title=Mistake') == 2
    assert ">in the text<" in html and ">Add &lt;two&gt;<" in html


def test_without_an_address_a_link_saves_a_file():
    html = report_links(MODULE, [("add", "Add")], "")["text/html"]
    assert 'download="basics-05_convolutional_networks-add.md"' in html
    assert "Mistake in basics/05_convolutional_networks, add" in unquote(html)


def test_without_links_a_call_writes_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("LEPTON_REPORT_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    open_session(MODULE, None)
    try:
        report_mistake("Padding")
    finally:
        open_session("none", None)
    [file] = (tmp_path / "reports").iterdir()
    assert "cell `Padding`" in file.read_text() and "- torch" in file.read_text()
    assert str(file) in capsys.readouterr().out


def test_nothing_private_is_in_it(monkeypatch):
    path = str(Path.home() / "private" / "lesson.ipynb")
    monkeypatch.setenv("JPY_SESSION_NAME", path)
    html = report_links(MODULE, [("add", "Add")], "https://a.example/new")["text/html"]
    text = unquote(html)
    assert f"{MODULE}/lesson.ipynb" in text
    assert "private" not in text and str(Path.home()) not in text
    assert getpass.getuser() not in " ".join(versions_in_use().values())


def test_a_learners_own_notebook_is_not_named(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "my thoughts on Anna.ipynb")
    assert "Anna" not in report_links(MODULE, [], "https://a.example")["text/html"]
