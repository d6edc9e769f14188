"""What runs the author's code: `run` and its watchdog, receivers and senders."""
