"""The web server: /metrics, health, readiness and a landing page, served by uvicorn in a separate thread.

web = serving.serve("127.0.0.1:10110", Site(...), config_file=None)   # ConfigError, ListenError
...
web.stop()

Nothing is imported here, because `check` reads a web configuration without a server.
"""
