"""Watches the calls of a test: call log, faults, stubs and strictness."""
