"""The same cloud behind a port on loopback: for other processes, other languages, and SDKs that cannot be intercepted."""

from pytest_ecsevents.server._metadata import PREFIXES, metadata_service
from pytest_ecsevents.server._serving import Serving

__all__ = ["PREFIXES", "Serving", "metadata_service"]
