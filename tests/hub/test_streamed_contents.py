"""What is streamed takes hours, and so has turns of its own."""

from __future__ import annotations

import inspect
import re

from hub_routes import routes_of
from small_hub import small_hub

from lepton_hub.api.middleware.fair_turns import is_content


def test_all_that_is_streamed_counts_as_content(tmp_path):
    with small_hub(tmp_path) as hub:
        routes = routes_of(hub.app)
    streamed = [
        (method, route.path)
        for route in routes
        if re.search(r"content_response\(|StreamingResponse\(", inspect.getsource(route.endpoint))
        for method in route.methods
    ]
    assert len(streamed) >= 6
    for method, path in streamed:
        filled = path.replace("{", "").replace("}", "")
        assert is_content(method, filled), path
        assert is_content(method, f"/services/hub{filled}", "/services/hub")
    assert is_content("PATCH", "/uploads/ab")
    assert not is_content("GET", "/items/engines/rides")
