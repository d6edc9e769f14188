"""What the end of a test restores."""

import time

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents._undo import Undo, put_back_late
from pytest_ecsevents.clock._stand_ins import is_stand_in, real_sleep


class Base:
    def greet(self):
        return "hello"


class Derived(Base):
    pass


def test_what_was_replaced_is_put_back_last_first():
    """An attribute of the class itself gets its value back; an inherited one is inherited again."""
    undo = Undo()
    real = Base.greet
    for word in ("one", "two"):
        undo.replace(Base, "greet", lambda _, word=word: word)
        undo.replace(Derived, "greet", lambda _, word=word: f"derived {word}")
    assert (Base().greet(), Derived().greet()) == ("two", "derived two")
    undo.close()
    assert Base.greet is real
    assert "greet" not in vars(Derived)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1), (2, 1, 0)])
@pytest.mark.parametrize("kind", [Base, Derived])
def test_several_are_closed_in_any_order(order, kind):
    """The value is that of the last open one, and in the end the original."""
    undos, real = [Undo() for _ in range(3)], dict(vars(kind))
    words = dict(enumerate(("one", "two", "three")))
    for undo, word in zip(undos, words.values(), strict=True):
        undo.replace(kind, "greet", lambda _, word=word: word)
    for number in order:
        undos[number].close()
        del words[number]
        assert kind().greet() == (list(words.values()) or ["hello"])[-1]
    assert dict(vars(kind)) == real


def test_what_could_not_be_replaced_need_not_be_put_back():
    """A class that refuses replacement stays as it was."""

    class Meta(type):
        def __setattr__(cls, name, value):
            raise TypeError(f"{name} is fixed")

    class Fixed(Base, metaclass=Meta):
        pass

    undo = Undo()
    with pytest.raises(TypeError, match="greet is fixed"):
        undo.replace(Fixed, "greet", None)
    undo.close()
    assert Fixed().greet() == "hello"


def test_all_is_undone_whatever_fails_meanwhile():
    """The last error is raised, with the earlier ones as its context."""
    undo, done = Undo(), []

    def fail(error):
        done.append(type(error).__name__)
        raise error

    undo.callback(done.append, "first")
    undo.callback(fail, KeyboardInterrupt())
    undo.callback(done.append, "second")
    undo.callback(fail, ValueError("before"))
    with pytest.raises(KeyboardInterrupt) as caught:
        undo.close()
    assert done == ["ValueError", "second", "KeyboardInterrupt", "first"]
    assert str(caught.value.__context__) == "before"
    undo.close()
    assert done[4:] == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_another_tool_puts_back_later_is_removed_after_the_test(order):
    """Two clouds have ended below another tool's replacement, which then restores the value of the second."""
    undos, real = [Undo(), Undo()], dict(vars(Base))
    for undo, word in zip(undos, ("one", "two"), strict=True):
        undo.replace(Base, "greet", lambda _, word=word: word)
    found = Base.greet
    Base.greet = replacement = lambda _: "another tool's"
    for number in order:
        undos[number].close()
    put_back_late()
    assert Base.greet is replacement
    Base.greet = found
    put_back_late()
    assert dict(vars(Base)) == real


def test_what_the_plugin_itself_has_put_there_stays(monkeypatch):
    """`time.sleep` is the plugin's for the whole run, also where a test has put something else there meanwhile."""
    time.sleep = real_sleep
    with EcsEvents():
        monkeypatch.setattr(time, "sleep", None)
    monkeypatch.undo()
    put_back_late()
    assert is_stand_in(time.sleep)
