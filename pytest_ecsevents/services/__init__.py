"""The fake services, one folder each."""
