"""Objects and their versions on disk."""
