"""The instructor's other tasks: creating a class, the exchange, feedback, formgrader, export."""
