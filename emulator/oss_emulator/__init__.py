"""An emulator of Alibaba Cloud OSS: form uploads, callbacks, reads and writes, CORS, a website.

It is written from Alibaba's published documentation. It imports the standard library and the packages that
its pyproject.toml names, and nothing from the rest of this repository. Its public surface: the command
`oss-emulator`, the class `oss_emulator.running.Emulator`, and the fixtures of `oss_emulator.pytest_plugin`.
"""

__version__ = "0.1.0"
