"""The graph's picture: nothing overlaps, nothing is left to chance; walked in a real Chromium."""

from __future__ import annotations

from itertools import combinations

import pytest
from browser import unreadable
from page_visitor import PageVisitor
from served_hub import served, signed_in, started
from small_hub import small_hub

from lepton_hub.graph.graph_layout import LETTER, LINE, RADIUS, SHEETS, draw
from lepton_hub.graph.graph_types import EdgeKind, GraphNode, Neighbourhood
from lepton_hub.graph.graph_wording import BACKWARD, FORWARD, told_nodes


def star(count: int) -> Neighbourhood:
    """A node with so many neighbours, every third of which has one of its own."""
    nodes = [GraphNode("tag:t", "tag", "a tag with a rather long name")]
    edges = []
    for number in range(count):
        id_ = f"item:t/i{number}"
        nodes.append(GraphNode(id_, "dataset", f"Data set number {number}", 1, 3, 1))
        edges.append((id_, EdgeKind.TAGGED, "tag:t"))
        if number % 3 == 0:
            edges.append((f"person:p{number}", EdgeKind.OWNS, id_))
    owners = [node for node, _, _ in edges if node.startswith("person")]
    nodes += [GraphNode(id_, "person", id_, 2, 1, 1) for id_ in owners]
    return Neighbourhood(nodes, edges)


@pytest.mark.parametrize("size", SHEETS)
@pytest.mark.parametrize("count", [0, 1, 2, 9, 44, 59])
def test_labels_stay_on_the_sheet_and_off_each_other(size, count):
    sheet = SHEETS[size]
    found = star(count)
    picture = draw(found, sheet)
    assert len(picture.nodes) == min(len(found.nodes), sheet.most)
    assert draw(found, sheet) == picture
    boxes = [(len(node.label) * LETTER / 2, RADIUS + LINE / 2) for node in picture.nodes]
    for node, (width, height) in zip(picture.nodes, boxes, strict=True):
        assert width <= node.x <= sheet.width - width
        assert height <= node.y <= sheet.height - height
    assert not [
        (one.label, other.label)
        for (one, a), (other, b) in combinations(zip(picture.nodes, boxes, strict=True), 2)
        if abs(one.x - other.x) < a[0] + b[0] and abs(one.y - other.y) < a[1] + b[1]
    ]


def test_every_relation_has_words_and_every_edge_is_told_once():
    assert FORWARD.keys() == BACKWARD.keys() == {*EdgeKind}
    found = star(9)
    told = [others for _, relations in told_nodes(found) for _, others in relations]
    assert sum(map(len, told)) == len(found.edges)


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        for number in range(14):
            title = f"Rain gauges of a rather long street, number {number}"
            hub.make("ada", f"engines/g{number}", title=title, tags=["rain"])
        hub.make("curie", "particles/hidden", title="Hidden <b>gauge</b>", tags=["rain"])
        told = {"space": "engines", "name": "note", "title": "<script>x</script>"}
        hub.post("ada", "/documents", {**told, "text": "dropout"})
        yield hub


def test_the_page_holds_links_words_and_nothing_unseen(hub):
    ada = PageVisitor(hub, "ada")
    page = ada.see("/pages/graph?node=tag:rain")
    assert "/pages/graph?node=item%3Aengines%2Fg0" in page.links
    assert "Hidden" not in page.html and "particles/hidden" not in page.html
    assert "is a tag of" in page.text
    note = ada.see("/pages/graph?node=item:engines/note")
    assert "<script>x" not in note.html and "/pages/documents/engines/note" in note.links
    assert {level for level, _ in note.headings} == {1, 2}
    assert ada.get("/pages/graph?node=planet:x").status_code == 404
    assert PageVisitor(hub, None).get("/pages/graph").status_code == 302
    assert hub.log(action="graph.read")[0].actor == "ada"
    alone = PageVisitor(hub, "dora").see("/pages/graph")
    assert "Nothing that you may see is linked to you yet" in alone.text


def test_the_picture_is_walked_by_keyboard_at_every_width(hub, chromium):
    with served(hub) as url, started(chromium) as browser:
        for width, size, theme in (
            (400, "narrow", "dark"), (800, "middle", "light"), (1280, "wide", "dark"),
        ):  # fmt: skip
            look = {"viewport": {"width": width, "height": 900}, "color_scheme": theme}
            context = signed_in(browser, hub, url, "ada", **look)
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.goto("/pages/graph?node=tag:rain")
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert unreadable(page, "header, main, footer") == []
            assert page.locator("svg.picture:visible").count() == 1
            drawn = page.locator(f"svg.{size}")
            assert drawn.locator("a.node").count() == min(SHEETS[size].most, 17)
            page.locator(f"svg.{size} a.node").first.focus()
            page.keyboard.press("Tab")
            name = page.evaluate("document.activeElement.getAttribute('aria-label')")
            page.keyboard.press("Enter")
            page.wait_for_url("**node=item**")
            assert name[:12] == page.locator("h1").inner_text()[:12] == "Rain gauges "
            assert said == []
            context.close()
