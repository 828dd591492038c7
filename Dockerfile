# The local Segment and Amplitude with their viewer, and `check`: see docs/how-to/ci.md.
#
#   docker build --tag pyscript-replay .
#   docker run --rm --network host pyscript-replay                                 # http://127.0.0.1:8765/
#   docker run --rm pyscript-replay check https://shop.example/

FROM python:3.13.5-slim-bookworm AS wheel
WORKDIR /source
RUN pip install --no-cache-dir uv==0.13.9
COPY . .
RUN uv build --wheel --out-dir /wheel

FROM python:3.13.5-slim-bookworm
# Debian updates a browser's version for security alone, and drops the older one: there is none to pin.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium libatomic1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=wheel /wheel /wheel
RUN pip install --no-cache-dir "$(echo /wheel/*.whl)[check]" \
    && useradd --create-home --uid 1000 replay
USER 1000
WORKDIR /home/replay
ENTRYPOINT ["pyscript-replay"]
CMD ["serve"]
