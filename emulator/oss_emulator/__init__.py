"""An emulator of one Alibaba Cloud OSS bucket: form uploads, callbacks, reads, CORS, a website.

It is written from Alibaba's published documentation. It imports nothing from the rest of this repository.
"""
