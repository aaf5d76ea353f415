"""`load_dataset("hub:…")` and `share`, against the real service: as a notebook uses them."""

from __future__ import annotations

import json
import pickle

import httpx
import numpy as np
import pytest
import torch
from small_hub import CARD, SmallHub, small_hub

from lepton_course import load_dataset, share
from lepton_course.errors import CourseError
from lepton_course.hub import HubConnection, HubError, find_items, load_weights, request_access
from lepton_course.hub import connection as connections


class Wire(httpx.BaseTransport):
    """Carries requests to the service; drops some of them, before or after they arrived."""

    def __init__(self, hub: SmallHub) -> None:
        self.hub = hub
        self.asked: list[str] = []
        self.drop_before: dict[str, int] = {}
        self.drop_after: dict[str, int] = {}
        self.cut: list[int] = []
        self.down = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        self._maybe_drop(self.drop_before, request)
        answer = self.hub.client.request(
            request.method, str(request.url.raw_path, "ascii"),
            headers=list(request.headers.items()), content=request.read(),
        )  # fmt: skip
        self._maybe_drop(self.drop_after, request)
        cut = self.cut.pop(0) if "/files/" in request.url.path and self.cut else None
        stream = _Stream(answer.content, cut)
        return httpx.Response(answer.status_code, headers=answer.headers, stream=stream)

    def _maybe_drop(self, drops: dict[str, int], request: httpx.Request) -> None:
        if self.down or drops.get(request.method, 0) > 0:
            drops[request.method] = drops.get(request.method, 0) - 1
            raise httpx.ConnectError("the line is dead")


class _Stream(httpx.SyncByteStream):
    """An answer's bytes; with `cut`, so many of them, and then the connection breaks."""

    def __init__(self, content: bytes, cut: int | None) -> None:
        self.content, self.cut = content, cut

    def __iter__(self):
        yield self.content[: self.cut]
        if self.cut is not None:
            raise httpx.ReadError("cut off")


@pytest.fixture
def hub(tmp_path):
    with small_hub(tmp_path) as hub:
        yield hub


@pytest.fixture
def wire(hub, tmp_path, monkeypatch):
    """The notebook's side, as ada; use `be` to be somebody else."""
    wire = Wire(hub)
    usual = HubConnection.__init__
    monkeypatch.setattr(
        HubConnection, "__init__",
        lambda self, *a, **o: usual(self, *a, **{"transport": wire, "pause": lambda s: None, **o}),
    )  # fmt: skip
    monkeypatch.setenv(connections.URL, "http://hub.test")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    be(monkeypatch, "ada")
    return wire


def be(monkeypatch, name: str) -> None:
    monkeypatch.setenv(connections.TOKEN, name)


def test_a_table_is_shared_and_loaded_with_its_types(wire, tmp_path, monkeypatch):
    file = tmp_path / "rides.csv"
    file.write_text("day,riders,mean,rain\n2016-01-01,5,1.5,true\n2016-01-02,6,,false\n")
    columns = [{"name": "day", "type": "date"}, {"name": "rain", "type": "boolean"}]
    said = share("engines/rides", file, card=CARD, columns=columns)
    assert said == "hub:engines/rides@1"
    be(monkeypatch, "bose")
    data = load_dataset("hub:engines/rides@1")
    table = data.table()
    assert table["day"].tolist()[0].isoformat() == "2016-01-01"
    assert table["riders"].dtype == np.int64
    assert np.isnan(table["mean"][1])
    assert table["rain"].tolist() == [True, False]
    assert repr(data) == "Riders by day (hub:engines/rides@1): rides.csv; licence CC0-1.0"


def test_what_is_in_the_cache_is_verified_and_loads_while_the_hub_is_down(wire, hub):
    share("engines/rides", {"riders": np.arange(3)}, card=CARD)
    loaded = load_dataset("hub:engines/rides")
    downloads = [asked for asked in wire.asked if "/files/" in asked]
    load_dataset("hub:engines/rides@1")
    assert [asked for asked in wire.asked if "/files/" in asked] == downloads
    loaded.path.write_bytes(bytes(loaded.path.stat().st_size))
    assert load_dataset("hub:engines/rides@1").arrays()["riders"].tolist() == [0, 1, 2]
    wire.down = True
    assert load_dataset("hub:engines/rides@1").arrays()["riders"].tolist() == [0, 1, 2]
    with pytest.raises(HubError, match="does not answer"):
        load_dataset("hub:engines/rides")
    loaded.path.write_bytes(b"x")
    with pytest.raises(HubError, match="damaged"):
        load_dataset("hub:engines/rides@1")


def test_sharing_again_adds_a_version_only_for_what_is_new(wire, hub):
    first = share("rides", {"a": np.arange(3)}, card=CARD)
    same = share("rides", {"a": np.arange(3)}, card={**CARD, "title": "Better"})
    new = share("rides", {"a": np.arange(4)}, card=CARD, made_from=[first])
    assert [first, same, new] == ["hub:~ada/rides@1", "hub:~ada/rides@1", "hub:~ada/rides@2"]
    assert [i["reference"] for i in find_items("riders", kind="dataset")] == ["~ada/rides"]
    version = hub.get("ada", "/items/~ada/rides/versions/2").json()
    assert version["made_from"] == ["~ada/rides@1"]


def test_a_model_travels_as_weights(wire):
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    reference = share("churn-model", model, card=CARD)
    other = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    load_weights(reference, into=other)
    x = torch.randn(5, 3)
    assert torch.equal(model(x), other(x))
    assert load_weights(reference)["0.weight"].shape == (4, 3)
    with pytest.raises(CourseError, match="do not fit"):
        load_weights(reference, into=torch.nn.Linear(2, 2))


def test_connections_that_break_cost_time_and_nothing_else(wire, hub, tmp_path, monkeypatch):
    from lepton_course.hub import sharing

    monkeypatch.setattr(sharing, "PIECE", 1000)
    content = np.random.default_rng(0).bytes(4500)
    (tmp_path / "a.bin").write_bytes(content)
    wire.drop_before = {"PATCH": 1, "POST": 1}
    wire.drop_after = {"PATCH": 2, "POST": 2}
    assert share("rides", tmp_path / "a.bin", card=CARD) == "hub:~ada/rides@1"
    assert len(hub.log(action="version.add")) == len(hub.log(action="item.make")) == 1
    wire.cut = [1000, 0, 2000]
    assert load_dataset("hub:~ada/rides@1").path.read_bytes() == content


def test_errors_say_what_to_do(wire, monkeypatch, tmp_path):
    share("~ada/rides", {"a": np.arange(3)}, card=CARD)
    be(monkeypatch, "curie")
    with pytest.raises(HubError, match="ask for access"):
        load_dataset("hub:~ada/rides")
    request_access("hub:~ada/rides@1", message="please")
    with pytest.raises(HubError, match="~curie, particles"):
        share("engines/mine", {"a": np.arange(3)}, card=CARD)
    with pytest.raises(CourseError, match="licence, origin"):
        share("mine", {"a": np.arange(3)}, card={"title": "x", "personal_data": "none"})
    with pytest.raises(CourseError, match="list cannot be shared"):
        share("mine", [1], card=CARD)
    with pytest.raises(CourseError, match="no file or folder"):
        share("mine", tmp_path / "nothing", card=CARD)
    with pytest.raises(HubError, match="SPACE/NAME"):
        load_dataset("hub:rides")
    be(monkeypatch, "mallory")
    with pytest.raises(HubError, match="token"):
        find_items()
    wire.down = True
    with pytest.raises(HubError, match="Is it running"):
        find_items()
    monkeypatch.delenv(connections.URL)
    with pytest.raises(HubError, match="LEPTON_HUB_URL"):
        find_items()


@pytest.mark.parametrize("kind", ["pickle", "torch", "objects", "named"])
def test_no_pickle_leaves_the_notebook(wire, tmp_path, kind):
    file = tmp_path / ("m.pt" if kind == "named" else "m.bin")
    if kind == "pickle":
        file.write_bytes(pickle.dumps({"a": 1}))
    elif kind == "torch":
        torch.save({"a": torch.ones(2)}, file)
    elif kind == "objects":
        with open(file, "wb") as opened:
            np.savez(opened, a=np.array([{}], dtype=object))
    else:
        file.write_bytes(b"x")
    with pytest.raises(CourseError, match="pickle"):
        share("mine", file, card=CARD)
    assert not wire.asked


def test_a_hub_cannot_write_elsewhere_on_the_machine(wire, hub, monkeypatch):
    share("rides", {"a": np.arange(3)}, card=CARD)
    told = hub.get("ada", "/items/~ada/rides/versions/1").json()
    for path in ("../up", "/etc/x", "a/../../b", "c:x", "a\\b", ""):
        told["files"][0]["path"] = path
        answer = httpx.Response(200, content=json.dumps(told))
        monkeypatch.setattr(HubConnection, "get", lambda *a, answer=answer, **o: answer.json())
        with pytest.raises(HubError, match="leads out"):
            load_dataset("hub:~ada/rides@1")
