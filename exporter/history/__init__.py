"""History in: `importing`. Out: `openmetrics`. A command loads only one of them."""
