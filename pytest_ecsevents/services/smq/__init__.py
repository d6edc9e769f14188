"""Simple Message Queue (formerly MNS): queues, topics, their protocol, and both as a test uses them."""
