"""Self-signed certificates for tests, made by the openssl command."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from balancer.config import Tls

Make = Callable[[str], Tls]


def maker(folder: Path) -> Make:
    """Makes a self-signed certificate for a name, in this folder."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not installed, which makes the test's certificates")

    def make(name: str) -> Tls:
        pem, key = folder / f"{name}.pem", folder / f"{name}.key"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
             "-nodes", "-subj", f"/CN={name}", "-days", "1", "-keyout", str(key), "-out", str(pem)],
            check=True, capture_output=True,
        )  # fmt: skip
        return Tls(certificate=str(pem), key=str(key))

    return make


def setting(tls: Tls) -> str:
    """The setting for these files."""
    return f"tls: {{certificate: {tls.certificate}, key: {tls.key}}}\n"


def trusting(*certificates: Tls) -> ssl.SSLContext:
    """A client's context that believes these certificates."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.load_verify_locations(cadata="".join(Path(c.certificate).read_text()
                                                 for c in certificates))  # fmt: skip
    return context


def shown(writer: asyncio.StreamWriter) -> str:
    """The common name in the certificate that a client was shown."""
    found = dict(one[0] for one in writer.get_extra_info("peercert")["subject"])
    return str(found["commonName"])


async def shown_to_a_new_client(port: int, context: ssl.SSLContext) -> str:
    """The common name in the certificate of a new handshake."""
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.transport.abort()
    return shown(writer)
