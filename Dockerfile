# One image for every part: `docker run IMAGE balancer --config …` is `evenhand balancer --config …`.
# compose.yaml builds and runs it.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim-bookworm AS packages
RUN python -m venv /packages
COPY requirements.lock ./
RUN /packages/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
    -r requirements.lock

FROM python:${PYTHON}-slim-bookworm
# The audit trail's folder: a named volume that is mounted here takes over its owner.
RUN install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/evenhand
WORKDIR /evenhand
COPY --from=packages /packages /packages
COPY evenhand.py ./
COPY authsvc authsvc/
COPY balancer balancer/
COPY monitor monitor/
COPY loadtest loadtest/
COPY ops/alerts ops/alerts/
RUN /packages/bin/python -m compileall -q .
# The root file system may be read-only: nothing is written below it.
ENV PATH=/packages/bin:$PATH PYTHONPATH=/evenhand PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
USER 10001:10001
ENTRYPOINT ["python", "-m", "evenhand"]
CMD ["--help"]
