"""The hub's metrics: what they count, who may read them, and that the board asks for no others."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import anyio
import httpx
import pytest
from conftest import CLONE
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from small_hub import small_hub

from lepton_hub.settings import settings_of

BOARD = CLONE / "deploy" / "grafana" / "hub.json"
QUEUED = re.compile(r'hub_queue_length\{queue="requests"\} (\S+)')


def numbers(hub, **options) -> dict[tuple, float]:
    answer = TestClient(hub.app, client=("127.0.0.1", 1)).get("/metrics", **options)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_contents_queues_and_the_log_are_counted(tmp_path):
    with small_hub(tmp_path, metrics="loopback") as hub:
        hub.make("ada", "engines/secretrides")
        for content in (b"12345", b"12345", b"123"):
            hub.add("ada", "engines/secretrides", {"a.csv": content})
        hub.upload("ada", b"waits")
        hub.get("curie", "/items/engines/secretrides")
        hub.get("curie", "/nowhere/at/all")
        found = numbers(hub)
        route = ("route", "/items/{space}/{name}")
        assert found["hub_requests_total", ("method", "GET"), route, ("status", "404")] == 1
        assert found["hub_request_seconds_count", ("method", "GET"), route] == 1
        none = ("route", "none")
        assert found["hub_requests_total", ("method", "any"), none, ("status", "404")] == 1
        assert found["hub_contents",] == 2
        assert found["hub_contents_bytes",] == 8
        assert found["hub_uploads_unfinished",] >= 1
        assert found["hub_audit_entries",] == len(hub.log())
        assert found["hub_queue_length", ("queue", "uploads")] == 0
        assert found["hub_requests_active",] == 1, "the one that asks"
        text = hub.client.get("/metrics").text
        assert "secretrides" not in text
        assert "curie" not in text


def test_operators_see_how_many_requests_wait(tmp_path):
    with small_hub(tmp_path, metrics="loopback") as hub:
        hub.get("ada", "/health")  # so that its layers are there
        layer = hub.fair_turns()
        layer._everybody = replace(layer._everybody, most=0, seconds=120.0)

        async def work():
            transport = httpx.ASGITransport(hub.app, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                headers = {"Authorization": "token ada"}
                asking = [client.get("/items", headers=headers) for _ in range(3)]
                waiting = [asyncio.create_task(one) for one in asking]
                with anyio.fail_after(120):
                    while layer.turns.waiting < 3:
                        await asyncio.sleep(0.01)
                answers = [await client.get("/metrics")]
                for one in waiting:
                    one.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
                answers.append(await client.get("/metrics"))
            return [QUEUED.findall(answer.text) for answer in answers]

        assert asyncio.run(work()) == [["3.0"], ["0.0"]]


def test_who_may_read_them(tmp_path):
    key_file = tmp_path / "metrics-key"
    for metrics, here, elsewhere in (("off", 404, 404), ("loopback", 200, 404)):
        with small_hub(tmp_path, metrics=metrics) as hub:
            assert hub.client.get("/metrics").status_code == 404
            nowhere = hub.client.get("/nowhere")
            assert hub.client.get("/metrics").content == nowhere.content
            for address, status in (("127.0.0.1", here), ("::1", here), ("10.0.0.1", elsewhere)):
                client = TestClient(hub.app, client=(address, 1))
                assert client.get("/metrics").status_code == status
    with small_hub(tmp_path, metrics=str(key_file)) as hub:
        assert key_file.stat().st_mode & 0o077 == 0
        local = TestClient(hub.app, client=("127.0.0.1", 1))
        assert local.get("/metrics").status_code == 404
        headers = {"Authorization": f"Bearer {key_file.read_text()}"}
        assert hub.client.get("/metrics", headers=headers).status_code == 200
        assert hub.get("grace", "/metrics").status_code == 404


@pytest.mark.parametrize(
    ("environment", "metrics"),
    [
        ({}, "loopback"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/services/hub/"}, "off"),
        ({"JUPYTERHUB_SERVICE_PREFIX": "/services/hub/", "LEPTON_HUB_METRICS": "/k"}, "/k"),
    ],
)
def test_beside_jupyterhub_nobody_reads_them_unless_told(tmp_path, environment, metrics):
    assert settings_of(tmp_path, environment).metrics == metrics


def test_the_board_asks_for_what_there_is(tmp_path):
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"hub_[a-z_]+", target["expr"])
    }
    with small_hub(tmp_path, metrics="loopback") as hub:
        hub.get("ada", "/items")
        there = {sample[0] for sample in numbers(hub)}
    assert asked
    assert asked <= there
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
