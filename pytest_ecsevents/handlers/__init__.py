"""What runs the author's code: `run` and its watchdog, receivers and couriers."""

from pytest_ecsevents.handlers._runner import Stopped

__all__ = ["Stopped"]
