"""Execution of the curriculum's notebooks: budgets, recorded claims, pinned outputs, the report."""
