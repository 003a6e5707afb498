"""One target's metrics page, read into labelled values.

Lines are parsed by prometheus_client. What stands before a value hardly ever changes from one
scrape to the next, so the labels it meant last time are kept, as Prometheus's own scrape cache
does: the library needs 30 µs for a line, a remembered one 1 µs.
"""

from prometheus_client.parser import text_string_to_metric_families

from monitor.values import NAME, Labels, Vector, labels_of


class Exposition:
    """Reads the pages of one target and marks every series with that target's labels."""

    def __init__(self, target_labels: dict[str, str]) -> None:
        """`target_labels` (job, instance) win over a page's own, kept as `exported_…`."""
        self._target = target_labels
        self._known: dict[str, Labels] = {}

    def read(self, page: str) -> Vector:
        """The page's values by label set; timestamps in it are not used.

        Raises ValueError for a page that is not in Prometheus's text format.
        """
        values: Vector = {}
        seen: dict[str, Labels] = {}
        for line in page.split("\n"):
            if not line or line[0] == "#":
                continue
            head, _, number = line.rpartition(" ")
            labels = self._known.get(head)
            if labels is not None:
                values[labels] = float(number)
                seen[head] = labels
                continue
            for labels, value, remember in self._parse(line):
                values[labels] = value
                if remember:
                    seen[head] = labels
        self._known = seen
        return values

    def _parse(self, line: str) -> list[tuple[Labels, float, bool]]:
        """A line with a timestamp ends in that, not in its value, and is not remembered."""
        return [
            (self._label(sample.name, sample.labels), float(sample.value), sample.timestamp is None)
            for family in text_string_to_metric_families(line + "\n")
            for sample in family.samples
        ]

    def _label(self, name: str, own: dict[str, str]) -> Labels:
        renamed = {(f"exported_{k}" if k in self._target else k): v for k, v in own.items()}
        return labels_of([(NAME, name), *renamed.items(), *self._target.items()])
