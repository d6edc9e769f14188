"""What a failed test's report says of waits that keep real time."""

from typing import Final

_SENTENCES: Final = {
    "sqlite3.OperationalError: database is locked": (
        "The busy timeout of sqlite3 keeps real time: it waits for a thread that works, and not until an instant of the test's "
        "clock. Let the thread that has the lock commit before it sleeps, or pass a longer timeout to sqlite3.connect."
    ),
}


def explain_real_time(failure: str) -> str:
    """A sentence about the error that a failure shows, if a wait in real time has led to it; else ""."""
    return next((sentence for error, sentence in _SENTENCES.items() if error in failure), "")
