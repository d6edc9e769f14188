"""What CloudMonitor says when it refuses. No page of its API has a table of errors: codes and statuses are guesses."""

from typing import Final

from pytest_ecsevents.rpc import ErrorRow, ErrorTable

_GUESS: Final = "guess: no table is published"
_SEEN: Final = "code seen of other actions of CloudMonitor; status and words a guess"
_WORDS: Final = "words of the reference's samples; code and status a guess"

PARAMETER_INVALID: Final = ErrorRow("ParameterInvalid", 400, "%s", _GUESS)
NO_RESOURCE: Final = ErrorRow("ResourceNotFound", 404, "The specified resource does not exist: %s", _SEEN)
FORBIDDEN: Final = ErrorRow("AccessForbidden", 403, "User not authorized to operate on the specified resource.", _WORDS)

READING: Final = ErrorTable((PARAMETER_INVALID, FORBIDDEN))
RULES: Final = ErrorTable((PARAMETER_INVALID, NO_RESOURCE, FORBIDDEN))
PUT_RULE: Final = ErrorTable(
    (
        PARAMETER_INVALID,
        ErrorRow("ExceedingQuota", 403, "The quota for this customer had been reached.", _SEEN),
        FORBIDDEN,
    )
)
