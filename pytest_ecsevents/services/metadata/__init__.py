"""The metadata service of an instance: items, tokens, and which instance asks."""

from pytest_ecsevents.services.metadata._author import Metadata
from pytest_ecsevents.services.metadata._calls import HOST, PORT, MetadataCall, MetadataRequest
from pytest_ecsevents.services.metadata._errors import ERRORS
from pytest_ecsevents.services.metadata._guests import Guest, Guests
from pytest_ecsevents.services.metadata._items import ITEMS, MetadataItem
from pytest_ecsevents.services.metadata._service import VERSIONS, MetadataService

__all__ = [
    "ERRORS",
    "HOST",
    "ITEMS",
    "PORT",
    "VERSIONS",
    "Guest",
    "Guests",
    "Metadata",
    "MetadataCall",
    "MetadataItem",
    "MetadataRequest",
    "MetadataService",
]
