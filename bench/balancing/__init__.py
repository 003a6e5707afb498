"""How each algorithm bears one endpoint that is unlike the others, beside nginx and HAProxy."""
