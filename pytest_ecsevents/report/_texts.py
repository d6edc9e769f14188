"""Texts of calls in messages and in the timeline."""

from typing import Final

from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents._words import listed
from pytest_ecsevents.clock._times import duration_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.metadata._calls import MetadataCall
from pytest_ecsevents.services.smq._protocol import SmqCall

METADATA: Final = "metadata"
"""The name of the metadata service in `fail`, `quota`, `delay` and the timeline."""


def call_text(call: ApiCall, region: str = "") -> str:
    """`RebootInstance(InstanceId=i-web1) -> 200`, `... -> read timeout after 10s, answer lost: 200`.

    A `region` is named: `RebootInstance(InstanceId=i-web1) in cn-beijing -> 200`.
    """
    where = f" in {region}" if region else ""
    summary = f", {call.summary}" if call.summary else ""
    product = "" if call.product == "Ecs" else f"{call.product} "
    status = "" if call.http_status is None else str(call.http_status)
    words = " ".join(filter(None, (status, call.code, call.failure))) or "no answer"
    after = f" after {duration_text(call.took_micros)}" if call.took_micros else ""
    lost = f", answer lost: {call.lost}" if call.lost else ""
    return f"{product}{api_request_text(call)}{where} -> {words}{after}{lost}{summary}"


def api_request_text(call: ApiCall) -> str:
    shown = {name: _value_text(value, call.secrets) for name, value in call.secrets.masked(call.params).items()}
    params = ", ".join(map("=".join, shown.items()))
    return f"{call.action}({params})"


_MOST_OF_A_VALUE: Final = 60
"""Characters of a value that are shown: `InstanceIds` may be a hundred ids in one text."""


def _value_text(value: object, secrets: Secrets) -> str:
    if isinstance(value, list):
        return f"[{listed((_value_text(one, secrets) for one in value), most=3)}]"
    if isinstance(value, dict) and value.keys() <= {"Key", "Value"}:
        return ":".join(value.values())
    if isinstance(value, dict):
        return " ".join(f"{member}={_value_text(inner, secrets)}" for member, inner in value.items())
    text = secrets.mask_text(str(value))
    return text if len(text) <= _MOST_OF_A_VALUE else f"{text[: _MOST_OF_A_VALUE - 3]}..."


def asked_text(call: MetadataCall) -> str:
    """`i-web1 GET /latest/meta-data/region-id -> 200`, `... -> read timeout after 10s`."""
    words = " ".join(filter(None, (str(call.http_status or ""), call.failure))) or "no answer"
    after = f" after {duration_text(call.took_micros)}" if call.took_micros else ""
    summary = f", {call.summary}" if call.summary else ""
    return f"{request_text(call)} -> {words}{after}{summary}"


def queue_request_text(call: SmqCall) -> str:
    """`SendMessage of ecs-cms-event -> 404 QueueNotExist`, `... -> connection reset, answer lost: 201`."""
    words = " ".join(filter(None, (str(call.http_status or ""), call.code, call.failure))) or "no answer"
    lost = f", answer lost: {call.lost}" if call.lost else ""
    return f"{call.what} -> {words}{lost}"


def request_text(call: MetadataCall) -> str:
    """`i-web1 GET /latest/meta-data/region-id`."""
    return f"{call.instance_id or 'no instance'} {call.method} {call.path}"
