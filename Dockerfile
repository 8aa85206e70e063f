# SPDX-License-Identifier: Apache-2.0
# docs/howto/docker.md says how to run it.
FROM debian:bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev libconfuse-dev libjansson-dev \
    libsodium-dev libsqlite3-dev libssl-dev libutf8proc-dev make meson ninja-build nodejs npm pkg-config zlib1g-dev
WORKDIR /natter
COPY . .
RUN tools/build release natter && strip -o natter build/natter

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends libconfuse2 libjansson4 libsodium23 libsqlite3-0 \
    libssl3 libutf8proc2 zlib1g && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 natter && useradd --uid 10001 --gid 10001 --home-dir /data --shell /usr/sbin/nologin natter && \
    install -d -m 700 -o natter -g natter /data
COPY --from=build /natter/natter /usr/bin/natter
ENV NATTER_LISTEN=:8080 NATTER_DATA=/data
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=20s --start-period=30s CMD ["/usr/bin/natter", "health"]
ENTRYPOINT ["/usr/bin/natter"]
CMD ["serve"]
