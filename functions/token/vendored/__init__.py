"""Shared by both functions, byte for byte. Edit the copy in functions/token, then run `make vendor`."""
