"""Serves the test's cloud on loopback: for other processes, other languages, and SDKs that cannot be intercepted."""
