"""Build, hand out, grade and prove the course: the instructor's and CI's side, not in the wheel."""
