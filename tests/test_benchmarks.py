"""What `make bench BASE=REV` says about a row of two builds, and how many calls of functions a test's call costs."""

import sys
from pathlib import Path

import pytest

FOLDER = str(Path(__file__).parent.parent / "benchmarks")


@pytest.fixture
def told(monkeypatch):
    """Return what is told about the values of a row, with an upper limit of 2: `told(today, base)`."""
    monkeypatch.syspath_prepend(FOLDER)
    from _against import told
    from _measure import Row

    def tell(today, base):
        line, is_bad = told(
            "row", *([Row("row", "", "", f"{one}", "", one, 2.0) for one in side] for side in (today, base))
        )
        return line.split(), is_bad

    yield tell
    for name in ("_against", "_measure"):
        sys.modules.pop(name)


@pytest.mark.parametrize(
    ("today", "base", "words", "is_bad"),
    [
        ([1.3, 1.31, 1.32], [1.0, 1.01, 1.02], ["row", "1.01", "1.31", "1.30", "x", "4%", "SLOWER"], True),
        ([1.0, 1.1, 1.3], [1.0, 1.01, 1.02], ["row", "1.01", "1.1", "1.09", "x", "32%"], False),
        ([0.8, 0.8, 0.8], [1.0, 1.01, 1.02], ["row", "1.01", "0.8", "0.79", "x", "2%", "better"], False),
        ([2.1, 2.1, 2.1], [2.1, 2.1, 2.1], ["row", "2.1", "2.1", "1.00", "x", "0%", "OVER"], True),
        ([1.0, 1.0, 1.0], [], ["row", "-", "1.0", "new"], False),
    ],
    ids=["slower", "within noise", "better", "over its limit", "new"],
)
def test_a_row_is_bad_news_if_it_got_slower_by_more_than_its_noise(told, today, base, words, is_bad):
    """The noise is the spreads of both builds together; a limit that is exceeded counts in any case."""
    assert told(today, base) == (words, is_bad)


@pytest.fixture
def scenes(monkeypatch):
    """Return what `benchmarks/calls.py` counts: its rows."""
    monkeypatch.syspath_prepend(FOLDER)
    from calls import SCENES

    yield SCENES
    for name in ("calls", "_sdk", "row_call", "_measure"):
        sys.modules.pop(name)


@pytest.mark.parametrize("number", range(3), ids=["reboot", "poll", "advance"])
def test_a_call_enters_few_functions_and_files(scenes, number):
    """Its bounds are generous, as another Python may count a comprehension; the script's own are not."""
    _, count, most_calls, most_files = scenes[number]
    calls = count()
    assert 0 < calls.total() <= most_calls * 1.25
    assert len({code.co_filename for code in calls}) <= most_files + 3
