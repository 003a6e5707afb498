"""The request that all benchmarks send."""

PATH = "/v1/sessions"
BODY = b'{"login": "user0001@example.test", "password": "correct horse battery staple"}'
