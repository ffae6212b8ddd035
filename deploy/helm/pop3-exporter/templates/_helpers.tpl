{{- define "pop3-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "pop3-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains (include "pop3-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "pop3-exporter.name" .) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "pop3-exporter.selector" -}}
app.kubernetes.io/name: {{ include "pop3-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "pop3-exporter.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "pop3-exporter.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "pop3-exporter.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "pop3-exporter.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "pop3-exporter.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- define "pop3-exporter.claim" -}}
{{ .Values.persistence.existingClaim | default (printf "%s-ledger" (include "pop3-exporter.fullname" .)) }}
{{- end }}

{{- define "pop3-exporter.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if .Values.web.existingSecret }}
{{- $_ := set $config.web "config_file" "/etc/pop3-exporter/web/web.yml" }}
{{- end }}
{{- toYaml $config }}
{{- end }}

{{- define "pop3-exporter.port" -}}
{{ regexFind "[0-9]+$" .Values.config.web.listen }}
{{- end }}

{{- define "pop3-exporter.container" -}}
name: pop3-exporter
image: {{ include "pop3-exporter.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
ports:
  - name: metrics
    containerPort: {{ include "pop3-exporter.port" . }}
    protocol: TCP
{{- with .Values.extraEnv }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
startupProbe:
  {{- include "pop3-exporter.probe" (dict "root" . "path" "/-/healthy") | nindent 2 }}
  failureThreshold: 60
  periodSeconds: 5
  timeoutSeconds: 10
livenessProbe:
  {{- include "pop3-exporter.probe" (dict "root" . "path" "/-/healthy") | nindent 2 }}
  periodSeconds: 30
  timeoutSeconds: 10
readinessProbe:
  {{- include "pop3-exporter.probe" (dict "root" . "path" "/-/ready") | nindent 2 }}
  periodSeconds: 30
  timeoutSeconds: 10
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  {{- toYaml .Values.securityContext | nindent 2 }}
volumeMounts:
  - {name: pop3-config, mountPath: /etc/pop3-exporter/config.yaml, subPath: config.yaml, readOnly: true}
  - {name: pop3-ledger, mountPath: {{ dir .Values.config.ledger }}}
  - {name: pop3-logs, mountPath: {{ .Values.logs.mountPath }}, readOnly: true}
  - {name: pop3-tmp, mountPath: /tmp}
  {{- if .Values.web.existingSecret }}
  - {name: pop3-web, mountPath: /etc/pop3-exporter/web, readOnly: true}
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "pop3-exporter.probe" -}}
{{- if .root.Values.web.existingSecret -}}
exec:
  command: [pop3-exporter, healthcheck]
{{- else -}}
httpGet:
  path: {{ .path }}
  port: metrics
{{- end }}
{{- end }}

{{- define "pop3-exporter.volumes" -}}
- name: pop3-config
  configMap:
    name: {{ include "pop3-exporter.fullname" . }}
- name: pop3-ledger
  {{- if .Values.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ include "pop3-exporter.claim" . }}
  {{- else }}
  emptyDir: {}
  {{- end }}
- name: pop3-logs
  {{- if .Values.logs.volume }}
  {{- toYaml .Values.logs.volume | nindent 2 }}
  {{- else if .Values.logs.existingClaim }}
  # Read-only for the claim itself, so that its files are not given to fsGroup.
  persistentVolumeClaim: {claimName: {{ .Values.logs.existingClaim }}, readOnly: true}
  {{- else }}
  hostPath: {path: {{ .Values.logs.hostPath }}, type: Directory}
  {{- end }}
- name: pop3-tmp
  emptyDir: {}
{{- if .Values.web.existingSecret }}
- name: pop3-web
  secret:
    secretName: {{ .Values.web.existingSecret }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
