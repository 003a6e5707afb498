"""Benchmarks beside other proxies: cost per request, latency added, memory."""
