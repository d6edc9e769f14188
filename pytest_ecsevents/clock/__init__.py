"""Freezing back ends, virtual sleep and the queue of due work."""
