"""Build, hand out, grade and prove the course: the instructor's and CI's side, not in the wheel."""

import sys

# nbformat imports jsonschema, which would build a parser for internationalised addresses if it
# finds this package. That takes over a second, and no notebook uses the format.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
