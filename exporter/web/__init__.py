"""The web side: /metrics, health, readiness and a landing page, served by uvicorn in one thread of its own.

web = serving.serve("127.0.0.1:10110", Site(...), config_file=None)   # ConfigError, ListenError
...
web.stop()

Nothing is imported here: `check` reads a web configuration, and needs no server for that.
"""
