"""Keeps tests without the fixture from the real cloud: the setting `real_cloud`."""

from typing import Final

from pytest_ecsevents._errors import UnexpectedCallError, hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents._undo import PATCHING, Undo
from pytest_ecsevents._whole import Whole
from pytest_ecsevents.transports import guard

__tracebackhide__ = hidden_in_reports


class RealCloud:
    """Refuses the hosts of Alibaba Cloud inside its with block.

    Attributes:
        refused: The messages raised in the current test, each once.
    """

    def __init__(self) -> None:
        self.refused: Final[dict[str, None]] = {}
        self._undo: Final = Undo()

    def __enter__(self) -> None:
        self.refused.clear()
        try:
            with Whole(), PATCHING:
                guard(self._refuse, self._undo)
        except BaseException:
            self._undo.close()
            raise

    def __exit__(self, *error: object) -> None:
        with Whole():
            self._undo.close()

    def _refuse(self, host: str) -> None:
        """Raise an error; teardown raises it again, since handlers catch Exception."""
        text = (
            f"The real {host} was about to be reached at {place_of(author_frame())}, and ecs_events_real_cloud is refuse. Use "
            "the fixture ecs_events, which answers the SDK's calls, or a mock of your own. To let all tests reach Alibaba "
            "Cloud: --ecs-events-real-cloud=allow."
        )
        self.refused[text] = None
        raise UnexpectedCallError(text)
