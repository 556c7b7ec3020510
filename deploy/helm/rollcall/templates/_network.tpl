{{- /* Rules of network policies. */ -}}

{{- define "rollcall.namesOut" -}}
- ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end }}

{{- define "rollcall.httpIn" -}}
{{- $route := .root.Values.route }}
{{- $known := dict "ingress" "ingress-nginx" "gateway-api" "envoy-gateway-system" "none" "-" }}
{{- $namespace := $route.proxyNamespace | default (get $known $route.kind) }}
- ports:
    - port: http
      protocol: TCP
  {{- if ne $namespace "-" }}
  from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ $namespace }}
  {{- end }}
{{- end }}

{{- define "rollcall.metricsIn" -}}
{{- if .root.Values.metrics.enabled }}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .root.Values.metrics.namespace }}
  ports:
    - port: metrics
      protocol: TCP
{{- end }}
{{- end }}

{{- define "rollcall.clientsOfTheCore" -}}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      rollcall/core-client: "true"
{{- end }}
