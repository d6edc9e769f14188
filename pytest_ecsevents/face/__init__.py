"""The API of the fixture: `EcsEvents`, its settings, markers and scenarios."""
