"""The name by which the dashboards find out whether their data source is the gateway, which offers reports as files."""

GATEWAY = "pop3_gateway_report"  # no series of any Prometheus
