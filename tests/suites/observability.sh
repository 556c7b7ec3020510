# shellcheck shell=bash
# alerts fire when they should, Grafana knows the dashboard, and a Prometheus that scrapes the binary has what both ask for
need_debian prometheus prometheus
need_python
build_binary
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" "$TESTS/observability" "$@"
