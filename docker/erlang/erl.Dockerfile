# The same application in a plain erl under beaminit: what docker/demo runs.
ARG BASE=debian:bookworm-slim
ARG BEAMINIT=beaminit

FROM ${BEAMINIT} AS beaminit

FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends erlang-base erlang-ssl \
 && rm -rf /var/lib/apt/lists/*
COPY --from=beaminit /beaminit /beaminit
WORKDIR /app
COPY src ./
RUN mv hello.app.src hello.app && erlc hello.erl
USER 65534
ENTRYPOINT ["/beaminit", "--"]
CMD ["erl", "-noinput", "-eval", "ok = application:start(hello)."]
