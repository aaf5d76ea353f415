"""Pages for people: rendered here, with a cookie for who somebody is, and fast without scripts."""
