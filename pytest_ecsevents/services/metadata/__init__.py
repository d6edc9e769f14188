"""The metadata service of an instance: items, tokens, and which instance asks."""
