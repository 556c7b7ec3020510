# shellcheck shell=bash
# the image, the compose file and the Kubernetes manifests are well-formed, and speak of settings and commands that there are
need_debian kubectl kubernetes-client
need_python
build_binary
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" "$TESTS/deploy" "$@"
