"""The metric by which the dashboards detect that their data source is the gateway, which offers reports as files."""

GATEWAY = "pop3_gateway_report"  # no series of any Prometheus
