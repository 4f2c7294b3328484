"""The description of the JSON interface for those who build on it (OpenAPI 3.1)."""

from ioc.web.openapi.document import EXCLUDED, describe

__all__ = ["EXCLUDED", "describe"]
