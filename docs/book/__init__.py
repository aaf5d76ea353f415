"""The course as a site: pages for each kind of reader, and the executed notebooks as a book."""
