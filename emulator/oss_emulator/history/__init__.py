"""What the bucket received, answered and called back, kept for the page at `/-/`."""
