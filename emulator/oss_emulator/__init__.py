"""A stand-in for one Alibaba Cloud OSS bucket: form uploads, callbacks, reads, CORS, a website.

It is written from Alibaba's published documentation and imports nothing from the functions it helps to test.
"""
