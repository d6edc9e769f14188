"""The metadata service of an instance: items, tokens, and the instance that a request comes from."""
