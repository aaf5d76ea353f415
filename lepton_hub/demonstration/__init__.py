"""Made-up content for a hub that is being tried out, and its removal."""
