"""What is not on the road reaches the learner: `deeper.ipynb` and the toolbox, with their links."""

import nbformat
from conftest import write_notebook

from lepton_course.workspace.install import update_workspace


def test_the_optional_notebook_and_the_toolbox_are_delivered_and_linked(tmp_path, small_curriculum):
    home = small_curriculum.folder / small_curriculum.ready
    (home / "module.yml").write_text(
        "title: First\nabout: a test\nminutes: {lesson: 10, deeper: 15, assignment: 20}\n"
        "prerequisites: []\n"
    )
    write_notebook(home / "deeper.ipynb", ["x = 1"])
    write_notebook(small_curriculum.folder / "toolbox.ipynb", ["x = 1"])
    workspace = tmp_path / "lepton"
    changes = update_workspace(workspace, small_curriculum.folder)
    added = {change.path: change.action for change in changes}
    assert added["toolbox.ipynb"] == added["basics/01_first/deeper.ipynb"] == "added"
    assert "basics/01_first/module.yml" not in added
    [cell] = nbformat.read(workspace / "START.ipynb", as_version=4).cells
    html = cell.outputs[0].data["text/html"]
    assert '<a href="toolbox.ipynb">The toolbox</a>' in html
    deeper = '<a href="basics/01_first/deeper.ipynb">Deeper, 15&nbsp;min (optional)</a>'
    assert html.index("Assignment, 20") < html.index(deeper)


def test_without_them_the_start_page_offers_neither(tmp_path, small_curriculum):
    update_workspace(tmp_path / "lepton", small_curriculum.folder)
    text = (tmp_path / "lepton/START.ipynb").read_text()
    assert "toolbox" not in text and "Deeper" not in text
