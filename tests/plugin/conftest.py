"""Runs of pytest inside a test."""

import pytest

# Plugins of other people that the inner run does not need, and that take long to load.
_WITHOUT = [
    word
    for name in ("randomly", "cacheprovider", "hypothesispytest", "xdist", "asyncio", "timeout", "html", "metadata")
    for word in ("-p", f"no:{name}")
]


@pytest.fixture
def run(pytester):
    """Write a test file and run it: `run("def test_it(ecs_events): ...", "--some-option")`."""

    def run(source, *args, ini=""):
        pytester.makeini(f"[pytest]\n{ini}")
        pytester.makepyfile(f"import pytest\n{source}")
        return pytester.runpytest_inprocess(*_WITHOUT, "--strict-markers", *args, no_reraise_ctrlc=True)

    return run
