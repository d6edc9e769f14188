"""The errors that the plugin raises about a test. Each shows its place in the manual.

An error has it as a note (PEP 678), so that its message stays one sentence: tracebacks and pytest print notes. On Python 3.10 they do
so with pytest, through its dependency exceptiongroup. A warning has no notes, so its text ends with the place.
"""

from typing import ClassVar, Final

from pytest_ecsevents._words import sendable


def manual(section: str) -> str:
    """A place in the manual, as messages name it."""
    return f"manual: docs/troubleshooting.md#{section}"


class EcsEventsError(Exception):
    """Base of all errors that the plugin raises about a test.

    The message says what happened, what was expected, and how to go on. Errors of the cloud are no `EcsEventsError`: the
    handler gets them from its SDK, with the cloud's code, status and message.

    Attributes:
        manual: The place in the manual that explains errors of this class.
    """

    __module__ = "pytest_ecsevents"
    manual: ClassVar[str] = manual("ecseventserror")

    def __init_subclass__(cls, section: str | None = None) -> None:
        """`section` is the anchor in the manual; by default that of the class, or outside this file that of its base."""
        if section is not None or cls.__module__ == __name__:
            cls.manual = manual(section or cls.__name__.lower())
        cls.__module__ = EcsEventsError.__module__  # short in a report's summary

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.__notes__ = [self.manual]


_LONGEST, _HEAD, _TAIL = 2_000, 1_200, 600  # characters of a message: what to do instead is said at its end


def _without_middle(text: str) -> str:
    """The text, but for the middle of a very long one."""
    if len(text) <= _LONGEST:
        return text
    left_out = len(text) - _HEAD - _TAIL
    return f"{text[:_HEAD]}... ({left_out:,} characters are left out) ...{text[-_TAIL:]}"


OF_THE_PROGRAM: Final = "the-program-ecsevents"
"""The section about what only the program `ecsevents` says."""


class BadArgumentError(EcsEventsError, ValueError):
    """An argument that the test passed is invalid. Of a message with a long value the middle is left out."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(*map(_without_middle, sentences))


class NoSuchNameError(EcsEventsError, KeyError):
    """An id or a name that the fake cloud does not have.

    Attributes:
        name: The id or name.
    """

    __str__ = Exception.__str__  # KeyError would show the message's repr

    def __init__(self, sentence: str, name: str = "") -> None:
        super().__init__(sentence)
        self.name = name


class NoSingleEventError(EcsEventsError, LookupError):
    """`one` found no event, or more than one."""


class UnexpectedCallError(EcsEventsError, AssertionError):
    """The handler called something that the fake cannot answer.

    It is no `OSError`, since SDKs catch and retry those.
    """


class NoGuestError(EcsEventsError, AssertionError):
    """A request to the metadata service came from an unknown instance, or from one that does not run."""


class StandingClockError(EcsEventsError, AssertionError):
    """The handler polls without sleeping, so virtual time stands still and it would never end."""


class StuckHandlerError(EcsEventsError, AssertionError):
    """A handler under `run` neither sleeps nor calls the cloud, or it catches the error that is to end it."""


class EndlessHandlerError(EcsEventsError, AssertionError):
    """A handler under `run` did not end within a year of virtual time or a minute of real time, and `until` did not end it."""


class EndlessCallError(EcsEventsError, AssertionError):
    """A call met a fault, and its client would hang because it has no timeout."""


class ServedCallError(EcsEventsError, AssertionError):
    """A call over HTTP ended in an error of the test's own code; the caller only got a status of 500."""


class StrictnessError(EcsEventsError, AssertionError):
    """The test passed by itself, but a strictness check found a problem.

    Attributes:
        errors: The single errors, if there is more than one; else empty.
    """

    def __init__(self, sentence: str, errors: "tuple[EcsEventsError, ...]" = ()) -> None:
        super().__init__(sentence)
        self.errors = errors


class UnusedFaultError(StrictnessError):
    """No call met a fault or a delay that the test declared."""


class UnusedStubError(StrictnessError):
    """No call used a stub that the test declared."""


class ReceiverError(StrictnessError):
    """A receiver, or a function planned with `at`, raised an error, but the test passed."""


class DeliveryError(EcsEventsError):
    """A notification could not be delivered: the receiver is missing, did not answer, or did not answer with a 2xx."""


class LeftThreadsError(StrictnessError):
    """Threads that the test started still ran when it had ended."""


class PortabilityError(StrictnessError):
    """A call leans on behaviour of the service that its sources dispute."""


class _LinkedWarning(UserWarning):
    __module__ = "pytest_ecsevents"

    def __init_subclass__(cls) -> None:
        cls.__module__ = _LinkedWarning.__module__

    def __str__(self) -> str:
        return f"{super().__str__()} ({manual(type(self).__name__.lower())})"


class UnknownParameterWarning(_LinkedWarning):
    """A request has a parameter that the action does not have. The service ignores it, and so does the fake."""


class TextForListWarning(_LinkedWarning):
    """A list came as the letters of one text. The SDKs send text so where a method expects a list of texts."""


class UnknownRegionWarning(_LinkedWarning):
    """A region is unknown. It is used anyway, because new regions open."""


class UnpublishedTypeWarning(_LinkedWarning):
    """A subscription names a type that EventBridge does not list, so the real service may never send it."""


class RealWorkWarning(_LinkedWarning):
    """Real work that the test waited for did not end within `patience` real seconds; time went on without it."""


def hidden_in_reports(raised: object) -> bool:
    """For a module's `__tracebackhide__`: hide its frames in reports of errors that this plugin raises on purpose.

    An error that shows a bug of the plugin keeps its whole traceback.

    Args:
        raised: The error, or pytest's `ExceptionInfo` of it.
    """
    return isinstance(getattr(raised, "value", raised), (EcsEventsError, AssertionError, Warning))


def checked_text(value: object, what: str, example: str) -> str:
    """`value`, which is to be a text that can be sent.

    Raises:
        BadArgumentError: It is not a text, it is empty, or it has a lone surrogate.
    """
    if isinstance(value, str) and value and sendable(value) == value:
        return value
    why = ", which UTF-8 cannot encode" if isinstance(value, str) and value else ""
    raise BadArgumentError(f'{what} is {value!r}{why}. Pass a text, such as "{example}".')
