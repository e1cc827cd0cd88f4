"""The clients of the README's table: for each client and operation one small program.

A client is used as its own documentation says, unmodified but for endpoint and access key. A program that
ends shows that the operation works; a refusal is the client's own error. What a client has no call for has no
program.
"""
