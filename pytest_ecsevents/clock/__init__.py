"""Freezing back ends, virtual sleep and the queue of what falls due."""
