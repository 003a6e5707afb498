"""The operator's side: verbs that speak to a running balancer's admin listener over HTTP."""
