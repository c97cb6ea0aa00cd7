{{/* What all processes have in common: rights, settings and secrets. */}}
{{- define "arauto.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  seccompProfile: { type: RuntimeDefault }
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "arauto.containerSecurity" -}}
image: {{ include "arauto.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "arauto.environment" -}}
{{- range $name, $value := .Values.settings }}
- { name: {{ $name }}, value: {{ $value | quote }} }
{{- end }}
{{- if .Values.ingress.host }}
- { name: PUBLIC_URL, value: {{ printf "https://%s" .Values.ingress.host | quote }} }
- { name: TRUST_PROXY_HOPS, value: {{ .Values.ingress.proxyHops | quote }} }
{{- end }}
{{- $secret := .Values.secrets.application }}
{{- range list "DATABASE_URL" "DATABASE_DISPATCHER_URL" "ENCRYPTION_KEY" "SESSION_KEY" "SANDBOX_KEY" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }} } }
{{- end }}
{{- range list "QUEUE_URL" "SMTP_URL" "ENCRYPTION_KEY_PREVIOUS" }}
- name: {{ . }}
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ . }}, optional: true } }
{{- end }}
{{- end }}
