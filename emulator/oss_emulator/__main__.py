"""`python -m oss_emulator`: the same as the command `oss-emulator`."""

import sys

from oss_emulator.command_line import main

if __name__ == "__main__":
    sys.exit(main())
