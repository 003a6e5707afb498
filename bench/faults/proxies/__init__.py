"""Each proxy's configuration as data: one file per proxy, and in it one place per variant."""

from bench.faults.proxies import envoy, haproxy, nginx, ours
from bench.faults.proxies.setting import Layout, Product, Setting

__all__ = ["SETTINGS", "Layout", "Product", "Setting"]

SETTINGS: dict[str, Setting] = {
    one.name: one
    for product in (ours.SETTINGS, nginx.SETTINGS, haproxy.SETTINGS, envoy.SETTINGS)
    for one in product
}
"""Every configuration that the script can run, in the order of the tables."""
