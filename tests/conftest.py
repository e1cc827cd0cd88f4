"""For all tests.

A shell lets what runs in its background ignore SIGINT, and so would all that the tests start and end with it.
"""

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
