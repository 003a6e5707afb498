"""The running balancer as its operator sees it: configuration, table, audit trail, metrics."""
