{{- define "openvoice.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "openvoice.selector" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "openvoice.labels" -}}
{{ include "openvoice.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "openvoice.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default (ternary "gpu" "cpu" .Values.gpu.enabled)) }}
{{- end }}
{{- end }}

{{/* Helm reads whole numbers as floats, and would print large ones with an exponent. */}}
{{- define "openvoice.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}

{{- define "openvoice.claim" -}}
{{- .Values.model.volume.existingClaim | default (printf "%s-models" (include "openvoice.fullname" .)) }}
{{- end }}

{{- define "openvoice.gracePeriod" -}}
{{- $deadline := .Values.settings.deadline_seconds | default 300 }}
{{- ceil (addf $deadline .Values.preStopSeconds .Values.graceSeconds) | int64 }}
{{- end }}

{{- define "openvoice.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}
