"""Checks of the fake's rules and guesses, for the fake and for the real service.

`pytest --pyargs pytest_ecsevents.conformance` runs them against the fake. With `--ecs-live` they run against the real
service, and print what differs.
"""
