"""The metadata service of an instance: items, tokens, and which instance asks."""

from pytest_ecsevents.services.metadata._author import Metadata
from pytest_ecsevents.services.metadata._calls import HOST, PORT, MetadataCall, MetadataRequest
from pytest_ecsevents.services.metadata._door import Door, MetadataWitness
from pytest_ecsevents.services.metadata._errors import ERRORS
from pytest_ecsevents.services.metadata._guests import Guest, Guests
from pytest_ecsevents.services.metadata._items import ITEMS, Item
from pytest_ecsevents.services.metadata._service import VERSIONS, MetadataService

__all__ = [
    "ERRORS",
    "HOST",
    "ITEMS",
    "PORT",
    "VERSIONS",
    "Door",
    "Guest",
    "Guests",
    "Item",
    "Metadata",
    "MetadataCall",
    "MetadataRequest",
    "MetadataService",
    "MetadataWitness",
]
