"""The last callbacks and refusals, kept for the page at `/-/`."""
