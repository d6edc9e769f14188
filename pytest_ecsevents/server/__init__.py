"""The same cloud behind a port on loopback: for other processes, other languages, and SDKs that cannot be intercepted."""
