"""The web server of the emulator: HTTP/1.1 on sockets, one thread for each connection. No rule of OSS."""
