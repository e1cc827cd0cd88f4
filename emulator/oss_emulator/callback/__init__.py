"""The callback that OSS sends after an upload."""
