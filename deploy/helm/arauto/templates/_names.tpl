{{/* Names and labels. "component" is api, worker, scheduler, poller or migration; root is the chart's context. */}}
{{- define "arauto.name" -}}
{{- if contains "arauto" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-arauto" (.Release.Name | trunc 33 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "arauto.selector" -}}
app.kubernetes.io/name: arauto
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "arauto.labels" -}}
{{ include "arauto.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: arauto
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "arauto.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "arauto.httpsEgress" -}}
- to:
    - ipBlock:
        cidr: 0.0.0.0/0
        {{- with .Values.networkPolicy.https.except }}
        except: {{ toJson . }}
        {{- end }}
    - ipBlock: { cidr: '2000::/3' }
  ports: [{ port: 443, protocol: TCP }]
{{- end }}

{{/* A rule of egress to a server at a port. */}}
{{- define "arauto.egressTo" -}}
- ports: [{ port: {{ .port }}, protocol: TCP }]
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "arauto.dnsEgress" -}}
- ports:
    - { port: 53, protocol: UDP }
    - { port: 53, protocol: TCP }
{{- end }}
