"""Exercises of advanced/09_serving_and_monitoring: the assignment's, then the lesson's."""

EXERCISES = [
    "validate",
    "percentiles",
    "batcher",
    "canary",
    "retry_schedule",
    "serve_mistakes",
    "drift_alarm",
    "predictions",
    "try_serving",
]
