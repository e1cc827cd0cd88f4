#!/bin/sh
# Make .venv with exactly what the requirements/ pins: sh local/setup.sh PYTHON
# Whatever is missing is said in one sentence.
set -eu
python=$1

fail() {
    echo "$1" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "$python was not found: install Python 3.10 or newer, or say which with make PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    fail "$python is older than Python 3.10: say which newer one to use with make PYTHON=..."
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments: install its venv module (Debian, Ubuntu: apt install python3-venv)."

echo "Installing the development tools into .venv"
"$python" -m venv --clear .venv
install() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps "$@"
}
install -r requirements/build.txt
# isolated, pip would fetch whatever setuptools is the newest, and check no hash
install --no-build-isolation --use-pep517 -r requirements/dev.txt
touch .venv/installed
