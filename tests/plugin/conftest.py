"""Runs of pytest inside a test."""

import pytest


@pytest.fixture
def run(pytester):
    """Write a test file and run it: `run("def test_it(ecs_events): ...", "--some-option", beside=["timeout"])`."""

    def run(source, *args, ini="", beside=()):
        pytester.makeini(f"[pytest]\n{ini}")
        pytester.makepyfile(f"import pytest\n{source}")
        others = [word for name in beside for word in ("-p", name)]
        return pytester.runpytest_inprocess(*others, "--strict-markers", *args, no_reraise_ctrlc=True)

    return run
