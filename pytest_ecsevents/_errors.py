"""The errors that the plugin raises for the author of a test."""


class EcsEventsError(Exception):
    """Base of every error that the plugin raises for the author of a test.

    Its text is a sentence: what was seen, what was expected, how to go on. What the cloud itself says is never
    an `EcsEventsError`: it reaches the handler through its SDK, in the cloud's own code, status and words.
    """

    __module__ = "pytest_ecsevents"

    def __init_subclass__(cls) -> None:
        cls.__module__ = EcsEventsError.__module__  # short in a report's summary


class BadArgumentError(EcsEventsError, ValueError):
    """A value that the author of the test passed cannot be used."""


class NoSuchNameError(EcsEventsError, KeyError):
    """An id or a name that the fake cloud does not hold.

    Attributes:
        name: The id or name.
    """

    __str__ = Exception.__str__  # KeyError would show the sentence's repr

    def __init__(self, sentence: str, name: str = "") -> None:
        super().__init__(sentence)
        self.name = name


class NoSingleEventError(EcsEventsError, LookupError):
    """`one` found no event, or more than one."""


class UnexpectedCallError(EcsEventsError, AssertionError):
    """The handler called something that the fake cannot answer.

    It is an `AssertionError`, and no `OSError`: the SDKs catch and retry those.
    """


class NoGuestError(EcsEventsError, AssertionError):
    """A request to the metadata service came from no instance that is known, or from one that does not run."""


class StandingClockError(EcsEventsError, AssertionError):
    """The handler waits for an instance without sleeping, and so without time passing."""


class StuckHandlerError(EcsEventsError, AssertionError):
    """A handler that `run` runs neither sleeps nor calls, or will not be stopped."""


class EndlessHandlerError(EcsEventsError, AssertionError):
    """The end until which `run` was to run a handler never came."""


class EndlessCallError(EcsEventsError, AssertionError):
    """A call met a fault, and its client has no timeout: it would hang."""


class ServedCallError(EcsEventsError, AssertionError):
    """A call that came over HTTP ended in an error of the test's own, which its caller could not be shown."""


class StrictnessError(EcsEventsError, AssertionError):
    """The test went well by itself, but something is wrong that it did not notice.

    Attributes:
        errors: What is wrong, each on its own, where it is more than one thing.
    """

    def __init__(self, sentence: str, errors: "tuple[EcsEventsError, ...]" = ()) -> None:
        super().__init__(sentence)
        self.errors = errors


class UnusedFaultError(StrictnessError):
    """A fault or a delay that the test declared was never met."""


class UnusedStubError(StrictnessError):
    """A stub that the test declared was never called."""


class ReceiverError(StrictnessError):
    """A receiver, or a function planned with `at`, raised an error, and the test passed all the same."""


class DeliveryError(EcsEventsError):
    """A URL did not take a notification."""


class LeftThreadsError(StrictnessError):
    """Threads that the test started went on when it had ended."""


class UnknownParameterWarning(UserWarning):
    """A request carried a parameter that the action does not have; the service ignores it, and so does the fake."""

    __module__ = "pytest_ecsevents"


def hidden_in_reports(raised: object) -> bool:
    """For a module's `__tracebackhide__`: keep its frames out of a report about what the author did.

    An error that is a mistake of ours keeps its whole traceback.

    Args:
        raised: The error, or pytest's `ExceptionInfo` of it.
    """
    return isinstance(getattr(raised, "value", raised), (EcsEventsError, AssertionError, Warning))
