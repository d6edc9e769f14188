"""TagResources, UntagResources and ListTagResources; only instances and disks carry tags here."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import MAX_RESULTS, NEXT_TOKEN, paged
from pytest_ecsevents.rpc._parameters import Parameter, Struct, boolean, choice, nested_structs, repeated, structs
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._event_filters import has_tags
from pytest_ecsevents.services.ecs.api._tags import read_tags

_TYPES: Final = (
    "instance disk snapshot image securitygroup volume eni ddh ddhcluster keypair launchtemplate reservedinstance "
    "snapshotpolicy elasticityassurance capacityreservation command invocation activation managedinstance"
)
_MOST_TAGS: Final = 20
"""Tags of one resource (documented)."""
_PAGE: Final = 50

ACTIONS: Final = Actions[ActionCall](PACKAGE, missing="MissingParameter.RegionId")

_TYPE: Final = replace(
    choice("ResourceType", tuple(_TYPES.split()), required=True, refusal="InvalidResourceType.NotFound"),
    missing="MissingParameter.ResourceType",
)
_IDS: Final = repeated(
    "ResourceId", most=50, required=True, missing="InvalidResourceId.NotFound", refusal="NumberExceed.ResourceIds"
)
_TAGS: Final = replace(
    structs("Tag", "Key Value", most=_MOST_TAGS, refusal="NumberExceed.Tags"),
    required=True,
    missing="MissingParameter.Tags",
)


@dataclass(frozen=True, slots=True)
class Tagged:
    """An instance, or one of its disks; `place` is the disk's among all disks of the instance."""

    instance: InstanceRecord
    place: int | None = None

    @property
    def resource_id(self) -> str:
        return self.instance.instance_id if self.place is None else self.instance.disks[self.place].disk_id

    @property
    def tags(self) -> Mapping[str, str]:
        return self.instance.tags if self.place is None else self.instance.disks[self.place].tags


def _tagged(call: ActionCall) -> Iterator[Tagged]:
    """The caller's resources of the type."""
    for instance in call.cloud.instances.of_account(call.account_id, call.region_id):
        if call[_TYPE] == "instance":
            yield Tagged(instance)
        elif call[_TYPE] == "disk":
            yield from (Tagged(instance, place) for place, _ in enumerate(instance.disks))


def _wanted(call: ActionCall) -> list[Tagged]:
    """The named resources.

    Raises:
        ApiError: One of them does not exist.
    """
    known = {one.resource_id: one for one in _tagged(call)}
    unknown = [one for one in call[_IDS] if one not in known]
    if unknown:
        raise call.error("InvalidResourceId.NotFound", hint=f"there is no {call[_TYPE]} {unknown[0]!r}")
    return [known[one] for one in dict.fromkeys(call[_IDS])]


# -- TagResources

_NOTE: Final = "All or nothing. Only instances and disks exist here."


@ACTIONS.action("TagResources", _TYPE, _IDS, _TAGS, notes=(_NOTE, "A tag replaces the one with its key."))
def _tag(call: ActionCall) -> JsonObject:
    tags = read_tags(call, call[_TAGS])
    changed = [(one, {**one.tags, **tags}) for one in _wanted(call)]
    for one, after in changed:
        if len(after) > _MOST_TAGS:
            raise call.error("OperationDenied.QuotaExceed", hint=f"{one.resource_id} would have {len(after)} tags")
    _set(call, changed)
    return {}


def _set(call: ActionCall, changed: "Iterable[tuple[Tagged, Mapping[str, str]]]") -> None:
    for one, tags in changed:
        call.cloud.modify_tags(one.instance, one.place, tags)


# -- UntagResources

_KEYS: Final = repeated("TagKey", most=_MOST_TAGS, refusal="NumberExceed.Tags")
_ALL: Final = boolean("All", note="true: all tags, if TagKey.N is not sent")


@ACTIONS.action(
    "UntagResources", _TYPE, _IDS, _KEYS, _ALL, notes=(_NOTE, "Keys that a resource does not have are ignored.")
)
def _untag(call: ActionCall) -> JsonObject:
    if not call[_KEYS] and not call[_ALL]:
        raise call.error("MissingParameter.Tags", hint="neither TagKey.N nor All was sent")
    is_gone = set(call[_KEYS]).__contains__ if call[_KEYS] else lambda _: True
    _set(
        call,
        [(one, {key: value for key, value in one.tags.items() if not is_gone(key)}) for one in _wanted(call)],
    )
    return {}


# -- ListTagResources

_SOME_IDS: Final = repeated("ResourceId", most=50, refusal="NumberExceed.ResourceIds")
_SOME_TAGS: Final = structs("Tag", "Key Value", most=_MOST_TAGS, refusal="NumberExceed.Tags")
_PATTERNS: Final[Parameter[tuple[Struct, ...]]] = replace(
    nested_structs("TagFilter", "TagKey TagValues.N", most=5, note="1 to 5; * stands for any text; not with Tag.N"),
    refusal="NumberExceed.Tags",
)


@ACTIONS.action(
    "ListTagResources",
    _TYPE,
    _SOME_IDS,
    _SOME_TAGS,
    _PATTERNS,
    NEXT_TOKEN,
    notes=(
        "In order of the instances; a page has 50 tags (a guess).",
        "Without ResourceId.N, Tag.N and TagFilter.N it is MissingParameter.Tags (a guess).",
        "With both Tag.N and TagFilter.N it is InvalidTag.Mismatch (a guess).",
    ),
)
def _list(call: ActionCall) -> JsonObject:
    ids, tags, patterns = call[_SOME_IDS], call[_SOME_TAGS], call[_PATTERNS]
    if not ids and not tags and not patterns:
        raise call.error("MissingParameter.Tags", hint="neither ResourceId.N nor Tag.N nor TagFilter.N was sent")
    if (tags and patterns) or not all(tag.get("Key") for tag in tags):
        raise call.error("InvalidTag.Mismatch", hint="Tag.N needs its Key, and excludes TagFilter.N")
    pairs = [(tag["Key"], tag.get("Value")) for tag in tags]
    found = [
        (number, one.resource_id, key, value)
        for number, one in enumerate(_tagged(call))
        if (not ids or one.resource_id in ids)
        and has_tags(one.tags, pairs)
        and all(any(_fits(pattern, *tag) for tag in one.tags.items()) for pattern in patterns)
        for key, value in one.tags.items()
        if not (pairs or patterns)
        or any(has_tags({key: value}, [pair]) for pair in pairs)
        or any(_fits(pattern, key, value) for pattern in patterns)
    ]
    paging = replace(call, values={**call.values, MAX_RESULTS.name: _PAGE})
    page, envelope = paged(paging, found, MAX_RESULTS, lambda row: (row[0], row[2]), last_token="")  # type: ignore[arg-type]  # it has a value
    views: list[Json] = [
        {"ResourceId": resource_id, "ResourceType": call[_TYPE], "TagKey": key, "TagValue": value}
        for _, resource_id, key, value in page
    ]
    return {"NextToken": envelope["NextToken"], "TagResources": {"TagResource": views}}


def _fits(pattern: Struct, key: str, value: str) -> bool:
    """Whether a tag has the key, and one of the values where the filter has any; `*` stands for any text."""
    values = pattern.get("TagValues", ())
    keys_fit = fnmatch.fnmatchcase(key, _literal(str(pattern.get("TagKey", ""))))
    return keys_fit and (not values or any(fnmatch.fnmatchcase(value, _literal(one)) for one in values))


def _literal(pattern: str) -> str:
    """A pattern in which only `*` is special."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
