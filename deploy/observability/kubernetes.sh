#!/bin/sh
# Prints the rules of Prometheus as PrometheusRule resources of its operator, and the dashboard as a ConfigMap that Grafana's
# sidecar finds.
#
#   deploy/observability/kubernetes.sh [RUNBOOKS] | kubectl -n monitoring apply --server-side -f -
#
# RUNBOOKS is the URL of a folder with docs/runbooks in it, so that the links of alerts lead there. RULE_LABELS are the labels that your
# Prometheus selects rules by, as NAME: VALUE.
set -eu
cd "$(dirname "$0")"
runbooks="${1:-docs/runbooks}"

for file in prometheus/*.yaml; do
    cat <<YAML
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: rollcall-$(basename "$file" .yaml)
  labels:
    app.kubernetes.io/name: rollcall
YAML
    [ -z "${RULE_LABELS:-}" ] || printf '    %s\n' "$RULE_LABELS"
    echo 'spec:'
    sed "s|runbook_url: docs/runbooks|runbook_url: ${runbooks%/}|; s/^./  &/" "$file"
done

cat <<'YAML'
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: rollcall-dashboard
  labels:
    app.kubernetes.io/name: rollcall
    grafana_dashboard: "1"
data:
  rollcall.json: |
YAML
sed 's/^./    &/' grafana/rollcall.json
