# shellcheck shell=bash
# the web console in a real browser, on both databases: every flow, forged requests, accessibility, screenshots
need_debian chromium-headless-shell chromium-headless-shell fonts-liberation
need_python
build_binary
# A test that is named by its file stands for the folder.
tests=("$TESTS/console" "$@")
[[ "$*" != *::* ]] || tests=("$@")
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" --numprocesses 2 --dist loadgroup "${tests[@]}"
