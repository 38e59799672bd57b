FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements.lock .
RUN /opt/venv/bin/pip install --require-hashes --no-deps --requirement requirements.lock

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home drops \
    && install -d -o drops /var/lib/studio-drops
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 VAR_DIR=/var/lib/studio-drops WEB_BIND=0.0.0.0:8000

# Settings are checked at every start, including this one. None of these values is kept.
RUN VAR_DIR=/tmp/build SECRET_KEY=only-while-the-image-is-built-and-never-used-afterwards \
    TOKEN_KEYS=c2FtcGxlLXRva2VuLWtleS0zMi1ieXRlcy1sb25nLi4= \
    ALLOWED_HOSTS=build.invalid PUBLIC_URL=https://build.invalid GAME_NAME=build \
    KICK_CLIENT_ID=build KICK_CLIENT_SECRET=build \
    OIDC_ISSUER=https://build.invalid OIDC_CLIENT_ID=build OIDC_CLIENT_SECRET=build \
    python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q . \
    && rm -r /tmp/build

USER drops
VOLUME /var/lib/studio-drops
EXPOSE 8000
CMD ["python", "-m", "studio_drops.server"]
