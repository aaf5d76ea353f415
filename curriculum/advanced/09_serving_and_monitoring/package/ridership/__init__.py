"""Forecasts of a station's riders: features, schema, model and service."""
