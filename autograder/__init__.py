"""Build, hand out, grade and prove the course: the instructor's and CI's side, not in the wheel."""

import sys

# nbformat imports jsonschema, and that would build a parser for addresses in all the world's
# scripts: more than a second, for a format that no notebook has. Without it, jsonschema goes on.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
