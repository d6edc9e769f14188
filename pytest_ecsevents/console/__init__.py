"""The console at `/console`: pages for browsers that show a fake cloud and work on it."""
