"""Wrong versions of an exercise's reference, which some case must notice."""
