"""Signatures of requests and forms, and the access keys they are made with."""
