"""Signatures of requests and of forms."""
