{{- define "profile-grpc.fullname" -}}
{{- if contains "profile-grpc" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-profile-grpc" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* Arguments: the root and the name of the component. */}}
{{- define "profile-grpc.selector" -}}
app.kubernetes.io/name: profile-grpc
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "profile-grpc.labels" -}}
{{ include "profile-grpc.selector" . }}
app.kubernetes.io/version: {{ .root.Values.image.tag | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "profile-grpc.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "profile-grpc.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "profile-grpc.fullname" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{- define "profile-grpc.secretName" -}}
{{ required "secret.name is required: a Secret with the hash key and the database URL, see deploy/helm/README.md" .Values.secret.name }}
{{- end }}

{{- define "profile-grpc.podSecurity" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "profile-grpc.container" -}}
image: {{ include "profile-grpc.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* The file of a secret as a variable. Arguments: the variable without its prefix, and the name of the file. */}}
{{- define "profile-grpc.secretVariable" -}}
- name: PROFILE_GRPC_{{ .variable }}_FILE
  value: /run/secrets/profile-grpc/{{ .file }}
{{- end }}

{{- define "profile-grpc.databaseVariables" -}}
{{ include "profile-grpc.secretVariable" (dict "variable" "HASH_KEY" "file" .Values.secret.keys.hashKey) }}
{{ include "profile-grpc.secretVariable" (dict "variable" "DATABASE_URL" "file" .Values.secret.keys.databaseUrl) }}
{{- with .Values.secret.keys.sealKeys }}
{{ include "profile-grpc.secretVariable" (dict "variable" "SEAL_KEYS" "file" .) }}
{{- end }}
{{- end }}

{{- define "profile-grpc.secretMount" -}}
- name: secrets
  mountPath: /run/secrets/profile-grpc
  readOnly: true
{{- end }}

{{/* Only the keys that the component needs. Arguments: the root and the keys. */}}
{{- define "profile-grpc.secretVolume" -}}
- name: secrets
  secret:
    secretName: {{ include "profile-grpc.secretName" .root }}
    defaultMode: 0440
    items:
      {{- range .keys }}{{ if . }}
      - {key: {{ . | quote }}, path: {{ . | quote }}}
      {{- end }}{{ end }}
{{- end }}

{{/* Kubernetes' own probe speaks no TLS. With mutual TLS the pod has no client certificate: then only the port is asked. */}}
{{- define "profile-grpc.readiness" -}}
{{- if not .Values.tls.secretName -}}
grpc: {port: 50051}
{{- else if .Values.tls.clientCaKey -}}
tcpSocket: {port: grpc}
{{- else -}}
exec: {command: [profile-grpc, health]}
{{- end }}
{{- end }}
