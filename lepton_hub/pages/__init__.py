"""Web pages for people: rendered on the server, signed in by cookie, usable without scripts."""
