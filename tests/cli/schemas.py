"""Holds replies against the OpenAPI document, by the part of JSON Schema that it uses."""

import re

TYPES = {
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
    "integer": int,
    "number": (int, float),
}
KNOWN = {"$ref", "type", "format", "properties", "required", "additionalProperties", "items", "description"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")


def check(value, schema, document, where="reply"):
    """Assert that a value is what a schema describes."""
    assert set(schema) <= KNOWN, where
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/components/schemas/")
        check(value, document["components"]["schemas"][name], document, f"{where}:{name}")
        return
    types = schema.get("type", list(TYPES))
    names = [types] if isinstance(types, str) else types
    assert any(_is_a(value, name) for name in names), f"{where} is {value!r}, expected {names}"
    if schema.get("format") == "date-time" and value is not None:
        assert INSTANT.fullmatch(value), where
    if isinstance(value, dict):
        properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        assert set(schema.get("required", ())) <= set(value), where
        for key, inner in value.items():
            if key in properties:
                check(inner, properties[key], document, f"{where}.{key}")
            else:
                assert more, f"{where} has {key}, which is not described"
                if isinstance(more, dict):
                    check(inner, more, document, f"{where}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, inner in enumerate(value):
            check(inner, schema["items"], document, f"{where}[{number}]")


def _is_a(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def operation_at(document, method, path):
    """The operation that describes a request; None if there is none."""
    for template, operations in document["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in operations:
            return operations[method.lower()]
    return None
