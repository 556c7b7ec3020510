{{- /* Each takes a dict: `root`, and `role` where it is of one. */ -}}

{{- define "rollcall.selector" -}}
app.kubernetes.io/name: rollcall
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "rollcall.labels" -}}
app.kubernetes.io/name: rollcall
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: rollcall
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "rollcall.podLabels" -}}
{{ include "rollcall.selector" . }}
app.kubernetes.io/part-of: rollcall
{{- end }}

{{- define "rollcall.image" -}}
image: {{ printf "%s:%s" .root.Values.image.repository (.root.Values.image.tag | default .root.Chart.AppVersion) | quote }}
{{- with .root.Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- define "rollcall.host" -}}
{{- if not .root.Values.publicUrl }}
{{- fail "publicUrl is empty: a route takes its host from it; set it to https://scim.example.com, or route.kind to none" }}
{{- end }}
{{- (urlParse .root.Values.publicUrl).hostname }}
{{- end }}
