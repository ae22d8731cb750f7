# A small image with infl-seg alone, for a user without rights. It holds no key: give it at run time.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
COPY docs ./docs
RUN python -m venv /opt/infl-seg \
    && /opt/infl-seg/bin/python -m pip install --no-cache-dir . \
    && /opt/infl-seg/bin/python -m pip uninstall --yes pip

FROM python:3.13-slim
COPY --from=build /opt/infl-seg /opt/infl-seg
RUN mkdir -p /work /state \
    && chmod 0700 /state \
    && chown 65532:65532 /work /state
ENV PATH="/opt/infl-seg/bin:$PATH" \
    HOME="/work" \
    INFL_SEG_STATE_DIR="/state"
USER 65532:65532
WORKDIR /work
VOLUME ["/state"]
ENTRYPOINT ["infl-seg"]
CMD ["--help"]
