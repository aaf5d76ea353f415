"""What instructors and CI run: building, releasing and grading. It is not part of the wheel."""

import sys

# nbformat imports jsonschema, and that would build a parser for addresses in all the world's
# scripts: more than a second, for a format that no notebook has. Without it, jsonschema goes on.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
