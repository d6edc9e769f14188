"""Runs the user's code: `run` and its watchdog, receivers and senders."""
