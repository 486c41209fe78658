# The mix release and the libraries of its VM, and nothing else: no shell, so no start script and no epmd either.
ARG BASE=debian:bookworm-slim
ARG BEAMINIT=beaminit
FROM ${BEAMINIT} AS beaminit
FROM ${BASE} AS build
ENV LANG=C.UTF-8 MIX_ENV=prod
WORKDIR /src
RUN apt-get update \
 && apt-get install -y --no-install-recommends elixir \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN mix release
RUN mkdir -p -m 1777 /image/tmp && cp -r _build/prod/rel/hello /image/app && cd /image/app \
 && mv erts-* erts && ln -sf erlexec erts/bin/erl && rm -r bin \
 && ldd erts/bin/beam.smp erts/bin/inet_gethost $(find lib -name '*.so') | grep -o '/[^ ]* (' | cut -d ' ' -f 1 \
  | sort -u | xargs cp -L --parents -t /image
FROM scratch
COPY --from=build /image /
COPY --from=beaminit /beaminit /beaminit
ENV ROOTDIR=/app BINDIR=/app/erts/bin EMU=beam PROGNAME=erl BEAMINIT_EPMD=off PHX_SERVER=true LANG=C.UTF-8 \
    RELEASE_ROOT=/app RELEASE_NAME=hello RELEASE_VSN=1.0.0 RELEASE_SYS_CONFIG=/app/releases/1.0.0/sys
USER 65534
ENTRYPOINT ["/beaminit", "--"]
CMD ["/app/erts/bin/erl", "-noshell", "-mode", "embedded", "-boot", "/app/releases/1.0.0/start", \
     "-boot_var", "RELEASE_LIB", "/app/lib", "-config", "/app/releases/1.0.0/sys"]
