"""Exercises of advanced/09_serving_and_monitoring: the assignment's, then the lesson's."""

EXERCISES = [
    "validate_mistakes",
    "percentiles_mistakes",
    "batcher_mistakes",
    "canary_mistakes",
    "retry_schedule_mistakes",
    "serve_mistakes",
    "drift_alarm_mistakes",
    "predictions",
    "try_serving",
]
