"""How routes that take or give files say so: the body as it is, without a form around it."""

from typing import Any

_FILE = {"schema": {"type": "string", "format": "binary"}}


def takes_file(*media_types: str) -> dict[str, Any]:
    """Return what a route adds to its description that reads such a body by itself."""
    content = dict.fromkeys(media_types, _FILE)
    return {"requestBody": {"required": True, "content": content}}


def gives_file(*media_types: str, description: str) -> dict[int | str, dict[str, Any]]:
    """Return the answers of a route that gives a file, also in parts, as players ask for them."""
    content = dict.fromkeys(media_types, _FILE)
    problem = {"description": "No such part of it.", "content": {"text/plain": {}}}
    return {
        200: {"description": description, "content": content},
        206: {"description": "The part that the header Range asked for.", "content": content},
        304: {"description": "What the asker has already is still the same."},
        416: problem,
    }
