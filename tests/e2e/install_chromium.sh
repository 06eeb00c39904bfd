#!/bin/sh
# A Chromium for the browser tests: the one that is there, else Debian's, else Playwright's own.
# Usage: install_chromium.sh PYTHON
set -eu
python=$1
if "$python" tests/e2e/chromium.py; then exit 0; fi
if command -v apt-get >/dev/null 2>&1; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    if $as_root true 2>/dev/null; then
        echo "    installing Debian's chromium"
        $as_root apt-get update -qq
        DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null && "$python" tests/e2e/chromium.py && exit 0
    fi
fi
echo "    installing Playwright's chromium"
"$python" -m playwright install chromium && "$python" tests/e2e/chromium.py && exit 0
echo "no Chromium could be installed: install one and name it in REACH180_CHROMIUM, or run: make test ARGS='-m \"not browser\"'" >&2
exit 1
