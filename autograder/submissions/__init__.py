"""Reading of submissions: untrusted notebooks, files and outputs, restored from the release."""
