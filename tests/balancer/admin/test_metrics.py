"""The text of `/metrics`, as Prometheus's own client library reads it."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from balancer.admin import metrics
from balancer.admin.audit import AuditTrail
from balancer.admin.change import Changes
from tests.balancer.configs import GOOD, table
from tests.balancer.net.fakes import Wire


def read(page: metrics.Page) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Values by name and labels."""
    text = b"".join(page.parts()).decode()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}


@given(st.text(st.characters(exclude_characters="\r\x85\u2028\u2029", exclude_categories=["Cs"])))
def test_any_label_is_read_back_as_it_was(value: str) -> None:
    """Quotes, backslashes and line ends, too."""
    page = metrics.Page()
    page.add("lb_queue", metrics.labelled(pool=value), 1)

    assert read(page) == {("lb_queue", (("pool", value),)): 1.0}


async def test_a_histogram_is_cumulative_and_agrees_with_its_count() -> None:
    """Each bucket holds those below it; +Inf, the count and the requests are the same number."""
    wire = Wire(GOOD)
    changes = Changes(table(), wire.proxy.apply, AuditTrail(None), Random(1))
    pool, endpoint = next(iter(wire.proxy.table.endpoints()))
    for seconds in (0.002, 0.03, 0.03, 60.0):
        endpoint.load.finish("ok", "200", seconds)
    page = metrics.Page()

    steps = len(list(metrics.fill(page, wire.proxy, changes)))

    here = (("endpoint", endpoint.name), ("pool", pool.name))
    values = read(page)
    name = "lb_request_duration_seconds"
    at = {le: values[f"{name}_bucket", tuple(sorted((*here, ("le", le))))]
          for le in ("0.005", "0.05", "10.0", "+Inf")}  # fmt: skip
    assert at == {"0.005": 1, "0.05": 3, "10.0": 3, "+Inf": 4}
    assert values[f"{name}_count", here] == 4
    assert values[f"{name}_sum", here] == pytest.approx(60.062)
    answered = tuple(sorted((*here, ("code", "200"), ("outcome", "ok"))))
    assert values["lb_requests_total", answered] == 4
    assert steps == len(list(wire.proxy.table.endpoints()))
