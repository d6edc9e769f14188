"""What runs inside an instance is told there: its metadata service, who asks it, and what befalls a request."""

from pytest_ecsevents.guest._calls import HOST, PORT, MetadataCall, MetadataRequest
from pytest_ecsevents.guest._door import Door, MetadataWitness
from pytest_ecsevents.guest._errors import ERRORS
from pytest_ecsevents.guest._guests import Guest, Guests
from pytest_ecsevents.guest._items import ITEMS, Item
from pytest_ecsevents.guest._service import VERSIONS, MetadataService

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
    "MetadataCall",
    "MetadataRequest",
    "MetadataService",
    "MetadataWitness",
]
