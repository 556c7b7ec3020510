# shellcheck shell=bash
# the image, the compose file, the Kubernetes manifests and the Helm chart are well-formed, say the same, and speak of settings and commands that there are
need_python
need_kubernetes_tools
build_binary
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" "$TESTS/deploy" "$@"
