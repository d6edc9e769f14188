"""Finds what a failed `assertEqual` of `unittest.TestCase` compared: pytest explains `assert` statements alone."""

from types import TracebackType
from typing import Final

# The names of the arguments are those of unittest/case.py in Python 3.10 to 3.15.
_METHODS: Final = {
    "assertEqual": ("==", "first", "second"),
    "assertNotEqual": ("!=", "first", "second"),
    "assertIs": ("is", "expr1", "expr2"),
    "assertIsNot": ("is not", "expr1", "expr2"),
    "assertIn": ("in", "member", "container"),
    "assertNotIn": ("not in", "member", "container"),
}


def failed_comparison(traceback: TracebackType | None) -> "tuple[str, object, object] | None":
    """The operator and both sides; None if no method of a TestCase failed."""
    while traceback is not None:
        frame = traceback.tb_frame
        method = _METHODS.get(frame.f_code.co_name)
        if method is not None and frame.f_globals.get("__name__") == "unittest.case":
            operator, left, right = method
            return operator, frame.f_locals[left], frame.f_locals[right]
        traceback = traceback.tb_next
    return None
