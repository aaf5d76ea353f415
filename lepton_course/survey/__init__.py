"""Ask learners what they know before the course, and what they think of a module after it."""
