# The rebar3 release and the libraries of its VM, and nothing else: no shell, so no start script and no epmd either.
ARG BASE=debian:bookworm-slim
ARG BEAMINIT=beaminit

FROM ${BEAMINIT} AS beaminit

FROM ${BASE} AS build
WORKDIR /src
RUN apt-get update \
 && apt-get install -y --no-install-recommends rebar3 \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN rebar3 release
RUN mkdir -p -m 1777 /image/tmp && cp -r _build/default/rel/hello /image/app && cd /image/app \
 && mv erts-* erts && ln -sf erlexec erts/bin/erl && rm -r bin \
 && ldd erts/bin/beam.smp erts/bin/inet_gethost $(find lib -name '*.so') | grep -o '/[^ ]* (' | cut -d ' ' -f 1 \
  | sort -u | xargs cp -L --parents -t /image

FROM scratch
COPY --from=build /image /
COPY --from=beaminit /beaminit /beaminit
ENV ROOTDIR=/app BINDIR=/app/erts/bin EMU=beam PROGNAME=erl BEAMINIT_EPMD=off
USER 65534
ENTRYPOINT ["/beaminit", "--"]
CMD ["/app/erts/bin/erl", "-noinput", "-mode", "embedded", "-boot", "/app/releases/1.0.0/start"]
