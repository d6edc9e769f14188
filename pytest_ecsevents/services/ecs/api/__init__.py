"""The actions of the ECS API."""
