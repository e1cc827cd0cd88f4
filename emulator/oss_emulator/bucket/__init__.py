"""The bucket: its state and its configuration (CORS, website, versioning)."""
