{{- /* What is reached from outside: the paths, their kind, and whose they are. */ -}}
{{- define "rollcall.paths" -}}
gateway:
  - {path: /scim/v2, type: Prefix}
  - {path: /api/ee/scim/v2, type: Prefix}
  - {path: /oauth2/token, type: Exact}
{{- if .root.Values.route.console }}
console:
  - {path: /admin, type: Prefix}
{{- end }}
{{- end }}
