"""The server's side of TLS: which versions are spoken, and the certificate that is shown."""

import ssl

from balancer.config import Tls


def tls_context(tls: Tls) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer, HTTP/1.1 only.

    Raises OSError, with the names of the files at fault. A renewed certificate is a new context, so
    that files which do not fit leave the running one as it is.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key)
    except ssl.SSLError as error:
        message = f"not a PEM certificate and its key ({error.reason or error})"
        raise OSError(0, message, f"{tls.certificate}, {tls.key}") from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{tls.certificate} or {tls.key}") from error
    return context
