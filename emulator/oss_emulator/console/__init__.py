"""The page at `/-/` and its routes: what the stand-in offers beside OSS's own API."""
