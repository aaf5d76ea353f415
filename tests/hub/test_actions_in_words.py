"""The audit log's page says in words what each entry is about, and keeps the code beside it."""

from __future__ import annotations

import ast
import re

from conftest import CLONE
from page_visitor import PageVisitor
from small_hub import small_hub

from lepton_hub.audit import append
from lepton_hub.pages.overview.action_words import ACTION_WORDS

WRITER = re.compile(r"note(_\w+)?|append(_any)?")
CODE = re.compile(r"[a-z_]+\.[a-z_]+|refused|search")


def codes() -> dict[str, str]:
    """Each code that the hub's sources write into the log, and where."""
    found: dict[str, str] = {}
    for file in sorted((CLONE / "lepton_hub").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and WRITER.fullmatch(call.func.id):
                told = [*call.args[2:3], *(k.value for k in call.keywords if k.arg == "action")]
                for node in (inner for one in told for inner in ast.walk(one)):
                    if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
                        found[node.value] = f"{file.name}:{node.lineno}"
    return found


def test_every_action_has_words_of_its_own():
    found = codes()
    assert len(found) > 70
    missing = {code: where for code, where in found.items() if code not in ACTION_WORDS}
    assert not missing, "say it in action_words.py"
    unused = ACTION_WORDS.keys() - found.keys()
    named = {"audit.verify", "audit.redact", "content.erase"}
    assert unused == named, "these have names in the sources"
    assert len({*ACTION_WORDS.values()}) == len(ACTION_WORDS)


def test_the_page_says_it_and_filters_by_it(tmp_path):
    with small_hub(tmp_path) as hub:
        hub.make("ada", "engines/rides")
        hub.get("curie", "/items/engines/rides")
        grace = PageVisitor(hub, "grace")
        page = grace.see("/pages/administration/log")
        for words in ("ada made an item item.make", "curie was refused refused"):
            assert words in page.text
        assert '<option value="file.download">downloaded a file</option>' in page.html
        filtered = grace.see(next(link for link in page.links if link.endswith("=item.make")))
        assert "made an item" in filtered.text
        assert "was refused" not in filtered.text.partition("To what Details")[2]
        with hub.state.sessions.begin() as session:
            append(session, actor="hub", action="from.elsewhere", subject="hub", detail={})
        assert "hub from.elsewhere hub" in grace.see("/pages/administration/log").text
