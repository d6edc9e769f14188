"""Runs of pytest inside a test."""

import pytest

# Plugins of other people that the inner run does not need, and that take long to load.
_WITHOUT = ("randomly", "cacheprovider", "hypothesispytest", "xdist", "asyncio", "timeout", "html", "metadata")


@pytest.fixture
def run(pytester):
    """Write a test file and run it: `run("def test_it(ecs_events): ...", "--some-option", beside=["asyncio"])`."""

    def run(source, *args, ini="", beside=()):
        without = [word for name in _WITHOUT if name not in beside for word in ("-p", f"no:{name}")]
        pytester.makeini(f"[pytest]\n{ini}")
        pytester.makepyfile(f"import pytest\n{source}")
        return pytester.runpytest_inprocess(*without, "--strict-markers", *args, no_reraise_ctrlc=True)

    return run
