"""Ask the service, one question or many at a time."""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Answer = tuple[int, float, Any]
"""Status, seconds from question to answer, content."""


def send(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> Answer:
    """Send a request and wait for its answer."""
    began = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    seconds = time.perf_counter() - began
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.status, seconds, json.loads(text) if is_json else text


def ask(port: int, path: str, body: Any = None) -> tuple[int, Any]:
    """Return status and content of one answer; a request with a body is a POST."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    status, _, content = send(connection, "POST" if body is not None else "GET", path, body)
    connection.close()
    return status, content


def ask_all(port: int, questions: list[Any], clients: int) -> list[Answer]:
    """Ask for forecasts, so many clients at a time, each its next when it has its answer."""

    def client(own: list[Any]) -> list[Answer]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        answers = [send(connection, "POST", "/forecast", question) for question in own]
        connection.close()
        return answers

    with ThreadPoolExecutor(clients) as pool:
        parts = pool.map(client, [questions[i::clients] for i in range(clients)])
        return [answer for part in parts for answer in part]


def metric(port: int, name: str) -> float:
    """Return the sum of the lines of /metrics that begin with a name."""
    _, text = ask(port, "/metrics")
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))
