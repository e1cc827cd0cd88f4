#!/bin/sh
# A browser for tests/flow: one on the path, else the one Playwright downloads. sh tests/chromium.sh PLAYWRIGHT
set -eu
for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
echo "No Chromium on the path: running 'playwright install chromium'."
exec "$1" install chromium
