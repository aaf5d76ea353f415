"""What people learn and need: the survey, and what they may also need."""
