"""Requests for one object, and the list of objects."""
