"""The API keeps to its own description, whatever is sent to it (Schemathesis)."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from small_hub import small_hub

EXAMPLES = 8
"""For each of the API's operations: some as described, some not."""

with ExitStack() as _stack:  # the description alone; tests ask a hub of their own
    _hub = _stack.enter_context(
        small_hub(Path(_stack.enter_context(tempfile.TemporaryDirectory())))
    )
    SCHEMA = schemathesis.openapi.from_dict(_hub.client.get("/openapi.json").json())

# Not by `SCHEMA.parametrize()`: its tests have one id together, of which xdist runs one.
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with small_hub(tmp_path_factory.mktemp("hub")) as hub:
        hub.make("ada", "engines/rides", tags=["city"])
        hub.add("ada", "engines/rides", {"rides.csv": b"day,riders\n1,2\n"})
        yield hub


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_answered_is_what_is_described(operation, hub, data):
    operation.app = hub.app
    case = data.draw(st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode)))
    answer = case.call(headers={"Authorization": "token ada"})
    case.validate_response(
        answer,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
