"""The hub's HTTP API: request and response schemas, and what all routes share."""
