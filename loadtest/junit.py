"""The checks as JUnit XML, for CI systems that show test results."""

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from loadtest.verdict import Check


def junit(suite: str, seconds: float, checks: Sequence[Check]) -> str:
    """One test case per check.

    A broken measurement is an *error* (the test could not be made), a system that did not behave
    is a *failure*, as JUnit tells the two apart.
    """
    broken = sum(check.validity and not check.ok for check in checks)
    wrong = sum(not check.validity and not check.ok for check in checks)
    totals = {"tests": str(len(checks)), "failures": str(wrong), "errors": str(broken)}
    root = Element("testsuites", totals)
    cases = SubElement(root, "testsuite", {"name": suite, "time": f"{seconds:.3f}", **totals})
    for check in checks:
        case = SubElement(cases, "testcase", {"classname": suite, "name": check.name})
        if not check.ok:
            kind = "error" if check.validity else "failure"
            message = f"expected {check.expected}; measured {check.measured}"
            SubElement(case, kind, {"message": message}).text = message
        else:
            SubElement(case, "system-out").text = check.measured
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"
