"""The page at `/-/` and its routes, which OSS does not have: they show and control the emulator."""
