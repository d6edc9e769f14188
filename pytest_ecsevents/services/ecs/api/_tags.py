"""Tags as calls give them."""

from collections.abc import Iterable, Mapping

from pytest_ecsevents.services.ecs._cloud import ActionCall


def read_tags(call: ActionCall, given: "Iterable[Mapping[str, str]]") -> dict[str, str]:
    """The tags of a parameter.

    Raises:
        ApiError: A key or value is malformed, or a key comes twice.
    """
    tags: dict[str, str] = {}
    for tag in given:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not key or key.startswith(("aliyun", "acs:")) or not _is_tag_text(key):
            raise call.error("InvalidTagKey.Malformed", hint=f"the key of a tag is {key!r}")
        if not _is_tag_text(value):
            raise call.error("InvalidTagValue.Malformed", hint=f"the value of the tag {key} is {value!r}")
        if key in tags:
            raise call.error("Duplicate.TagKey", hint=f"{key!r} comes twice")
        tags[key] = value
    return tags


def _is_tag_text(said: str) -> bool:
    return len(said) <= 128 and "http://" not in said and "https://" not in said
