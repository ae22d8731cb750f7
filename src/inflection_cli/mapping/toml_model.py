"""What the models of TOML files share: strict tables, one entry for a list of one, and their JSON Schema."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, StringConstraints
from pydantic_core import CoreSchema

Text = Annotated[str, StringConstraints(min_length=1)]
"""Text that is not empty."""


class Table(BaseModel):
    """A table of a file: only keys that it knows, nothing turned from one type into another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class OneOrMore:
    """Lets one entry stand for a list of one, in the file and in the schema."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


def listed(given: object) -> object:
    """Return a list; what is none becomes the only entry of one."""
    return given if isinstance(given, list) else [given]


def schema_of(model: type[BaseModel], name: str) -> dict[str, Any]:
    """Return the JSON Schema of a file (draft 2020-12), for editors; what may be left out is not said to be null.

    Args:
        model: What the file may say.
        name: What the schema's own file is called.
    """
    schema: dict[str, Any] = _plain(model.model_json_schema())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"{name}.schema.json", **schema}


def _plain(schema: Any, *, names: bool = False) -> Any:
    """Take out of a schema what models say for themselves: nulls, defaults and names made of names."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {name: _plain(one) for name, one in schema.items()}
    if "properties" in schema:
        inner = schema["properties"].items()
        untitled = {name: {key: said for key, said in one.items() if key != "title"} for name, one in inner}
        schema = {**schema, "properties": untitled}
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(kinds) == 1:
        schema = {**kinds[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    return {
        key: _plain(value, names=key in {"properties", "$defs"})
        for key, value in schema.items()
        if not (key == "default" and value is None)
    }
