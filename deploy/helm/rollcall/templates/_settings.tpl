{{- /* The ConfigMap of a role, as YAML: what the chart sets, and over it what the values do. */ -}}

{{- define "rollcall.settings" -}}
{{- $values := .root.Values }}
{{- $settings := dict "ROLLCALL_DRAIN_DELAY" "5s" }}
{{- if eq .role "core" }}
{{- $_ := set $settings "ROLLCALL_GRPC_ADDR" "0.0.0.0:50051" }}
{{- $_ := set $settings "ROLLCALL_NO_MIGRATE" "true" }}
{{- else if eq .role "gateway" }}
{{- $_ := set $settings "ROLLCALL_HTTP_ADDR" "0.0.0.0:8080" }}
{{- else if eq .role "console" }}
{{- $_ := set $settings "ROLLCALL_CONSOLE_ADDR" "0.0.0.0:8090" }}
{{- else }}
{{- $_ := set $settings "ROLLCALL_HTTP_ADDR" "0.0.0.0:8080" }}
{{- $_ := set $settings "ROLLCALL_GRPC_ADDR" "0.0.0.0:50051" }}
{{- $_ := set $settings "ROLLCALL_DATA_DIR" "/var/lib/rollcall" }}
{{- $_ := set $settings "ROLLCALL_NO_MIGRATE" "true" }}
{{- end }}
{{- if has .role (list "gateway" "console") }}
{{- $scheme := ternary "https" "http" $values.mtls.enabled }}
{{- $_ := set $settings "ROLLCALL_CORE_URL" (printf "%s://%s-core:50051" $scheme .root.Release.Name) }}
{{- end }}
{{- if ne .role "core" }}
{{- with $values.publicUrl }}
{{- $_ := set $settings "ROLLCALL_PUBLIC_URL" . }}
{{- end }}
{{- if and (ne $values.route.kind "none") $values.route.trustedProxies }}
{{- $_ := set $settings "ROLLCALL_TRUSTED_PROXIES" (join "," $values.route.trustedProxies) }}
{{- end }}
{{- end }}
{{- if and $values.directories (has .role (list "core" "serve")) }}
{{- $_ := set $settings "ROLLCALL_DIRECTORIES_FILE" "/etc/rollcall/directories/directories.yaml" }}
{{- end }}
{{- if $values.metrics.enabled }}
{{- $_ := set $settings "ROLLCALL_METRICS_ADDR" "0.0.0.0:9464" }}
{{- end }}
{{- if and $values.mtls.enabled (eq .role "core") }}
{{- $_ := set $settings "ROLLCALL_GRPC_TLS_CERT" "/etc/rollcall/tls/tls.crt" }}
{{- $_ := set $settings "ROLLCALL_GRPC_TLS_KEY" "/etc/rollcall/tls/tls.key" }}
{{- $_ := set $settings "ROLLCALL_GRPC_TLS_CLIENT_CA" "/etc/rollcall/tls/ca.crt" }}
{{- else if $values.mtls.enabled }}
{{- $_ := set $settings "ROLLCALL_CORE_CA_CERT" "/etc/rollcall/tls/ca.crt" }}
{{- $_ := set $settings "ROLLCALL_CORE_CLIENT_CERT" "/etc/rollcall/tls/tls.crt" }}
{{- $_ := set $settings "ROLLCALL_CORE_CLIENT_KEY" "/etc/rollcall/tls/tls.key" }}
{{- end }}
{{- toYaml (mergeOverwrite $settings (index $values .role).settings) }}
{{- end }}

{{- /* The volume of what directories are to be, and where it is. */ -}}
{{- define "rollcall.directoriesMount" -}}
- name: directories
  mountPath: /etc/rollcall/directories
  readOnly: true
{{- end }}

{{- define "rollcall.directoriesVolume" -}}
- name: directories
  configMap:
    name: {{ .Release.Name }}-directories
{{- end }}

{{- /* The volume of a role's certificate, and where it is. */ -}}
{{- define "rollcall.tlsMount" -}}
- name: tls
  mountPath: /etc/rollcall/tls
  readOnly: true
{{- end }}

{{- define "rollcall.tlsVolume" -}}
- name: tls
  secret:
    secretName: {{ .root.Release.Name }}-{{ .role }}-tls
    defaultMode: 0440
{{- end }}

{{- /* Where the core finds its database, as entries of `env`. */ -}}
{{- define "rollcall.databaseEnv" -}}
{{- $name := .root.Release.Name }}
{{- if eq .root.Values.database.kind "cloudnative-pg" }}
{{- /* The password is of letters and digits, so that it may stand in a URL. */}}
{{- include "rollcall.secretEnv" (dict "variable" "DATABASE_PASSWORD" "secret" (printf "%s-postgres-app" $name) "key" "password") }}
- name: ROLLCALL_DATABASE_URL
  value: "postgres://rollcall:$(DATABASE_PASSWORD)@{{ $name }}-postgres-rw:5432/rollcall\
    ?target_session_attrs=read-write&sslmode=verify-full&sslrootcert=/etc/rollcall/database/ca.crt"
{{- else }}
{{- include "rollcall.secretEnv" (dict "variable" "ROLLCALL_DATABASE_URL" "secret" .root.Values.database.secret "key" "url") }}
{{- end }}
{{- end }}
