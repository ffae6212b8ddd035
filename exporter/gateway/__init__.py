"""The gateway between Grafana and Prometheus: limits domain administrators to their domains, and offers CSV.

service = Service(read(path))   # ConfigError
service.start()                 # ListenError
...
service.stop()
"""
