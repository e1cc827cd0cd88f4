"""How the callback function completes an upload: read, verify, look, decide, run the hook, answer."""
