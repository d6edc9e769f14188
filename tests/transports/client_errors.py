"""Compares what a client raises with what it raises for real."""

import re

import pytest


def patience(name=""):
    """Short for the timeout under test, to save real time; long for the others, so that load does not matter."""
    return {"connect timeout": (0.05, 10), "read timeout": (10, 0.1)}.get(name, (10, 10))


def raised_by(call, *args, **kwargs):
    """Return the error that a call raises."""
    with pytest.raises(Exception) as error:  # any error that the library raises is wanted
        call(*args, **kwargs)
    return error.value


def kinds(error):
    """Return the types of an error and of the errors in it."""
    carried = [*error.args, getattr(error, "reason", None), getattr(error, "inner_exception", None)]
    inner = dict.fromkeys(kinds(one) for one in carried if isinstance(one, BaseException))
    return (type(error), *inner)


def words(error):
    """Return an error's text without the parts that differ from one call to the next."""
    text = re.sub(r"127\.0\.0\.1|100\.100\.100\.200|ecs\.aliyuncs\.com", "HOST", str(error))
    text = re.sub(r"(port=|:|, )\d{2,5}\b", r"\1PORT", text)
    text = re.sub(r"(HOST(:PORT)?|url: )/\S*", "URL", text)
    return re.sub(r"0x[0-9a-f]+", "ADDRESS", text)
