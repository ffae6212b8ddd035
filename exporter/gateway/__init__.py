"""The gateway between Grafana and Prometheus: domain administrators see their domains only, everybody gets CSV.

service = Service(read(path))   # ConfigError
service.start()                 # ListenError
...
service.stop()
"""
