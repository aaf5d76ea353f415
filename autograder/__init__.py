"""What instructors and CI run: building, releasing and grading. It is not part of the wheel."""
