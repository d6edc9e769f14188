"""ECS: accounts, regions, instances, events and their lifecycle; no HTTP, no pytest, no SDK."""
