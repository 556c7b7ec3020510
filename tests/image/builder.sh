# shellcheck shell=bash
# Sourced: builds the Dockerfile where no registry can be reached. What its builder begins with, an image of Docker Hub,
# is made of Debian's packages under the same name, with the toolchain of this machine.

# The packages that the image of Rust adds to Debian's base:
# https://github.com/rust-lang/docker-rust/blob/master/Dockerfile-slim.template
BUILDER_PACKAGES=ca-certificates,gcc,libc6-dev
BUILDER_IMAGE="$(sed -n 's/^FROM \(rust:[^ ]*\) AS builder$/\1/p' "$ROOT/deploy/Dockerfile")"
BUILDER_DEBIAN="${BUILDER_IMAGE##*-}"
BUILDER_STORE=(buildah --root "$WORK/images" --runroot "$WORK/images-run" --storage-driver vfs)
# What was built stays in the cache only for this Dockerfile and these packages: a build script that ran where it had its
# tool does not run again.
BUILDER_CACHE="$CACHE/image/$(cat "$ROOT/deploy/Dockerfile" <(echo "$BUILDER_PACKAGES") | sha256sum | cut -c1-16)"

# builder_base: the image that the builder begins with.
builder_base() {
    local debian="$CACHE/image/$BUILDER_DEBIAN-$BUILDER_PACKAGES" container
    if [ ! -e "$debian/complete" ]; then
        rm -rf "$debian"
        mkdir -p "$debian"
        debootstrap --variant=minbase --include="$BUILDER_PACKAGES" "$BUILDER_DEBIAN" "$debian/root" \
            http://deb.debian.org/debian >"$WORK/debootstrap.log" || { tail -n 20 "$WORK/debootstrap.log" >&2 && return 1; }
        # As in images of Debian: whoever installs something must ask for the lists first.
        rm -rf "$debian"/root/var/lib/apt/lists/* "$debian"/root/var/cache/apt/archives/*.deb
        : >"$debian/complete"
    fi
    container="$("${BUILDER_STORE[@]}" from scratch)"
    "${BUILDER_STORE[@]}" add --quiet "$container" "$debian/root" / >/dev/null
    "${BUILDER_STORE[@]}" config --env CARGO_HOME=/usr/local/cargo \
        --env PATH=/usr/local/rustup/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    builder_commit "$container"
}

# builder_without_a_compiler: takes from it what everything that is built needs.
builder_without_a_compiler() {
    local container
    container="$("${BUILDER_STORE[@]}" from --pull-never "docker.io/library/$BUILDER_IMAGE")"
    "${BUILDER_STORE[@]}" run --isolation chroot "$container" -- dpkg --purge gcc >/dev/null
    builder_commit "$container"
    # Nothing compiled, but what was downloaded.
    mkdir -p "$WORK/without/buildah-cache/usr/local/cargo"
    cp -a "$BUILDER_CACHE/buildah-cache/usr/local/cargo/registry" "$WORK/without/buildah-cache/usr/local/cargo/"
}

builder_commit() {
    "${BUILDER_STORE[@]}" commit --quiet --disable-compression "$1" "docker.io/library/$BUILDER_IMAGE" >/dev/null
    "${BUILDER_STORE[@]}" rm "$1" >/dev/null
}

# build_dockerfile CACHE ARCHIVE ARGUMENT…: builds the Dockerfile, all of it, and puts the image into the archive.
build_dockerfile() {
    local folder="$1" archive="$2"
    shift 2
    mkdir -p "$folder"
    # buildah keeps caches in the folder for what is temporary. The registry of crates may be behind a proxy that this
    # machine trusts.
    TMPDIR="$folder" "${BUILDER_STORE[@]}" build --isolation chroot --network host --pull-never --layers=false \
        --format oci --volume "$(rustc --print sysroot):/usr/local/rustup:ro" \
        --volume /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro \
        --ignorefile "$ROOT/.dockerignore" --file "$ROOT/deploy/Dockerfile" --tag rollcall:dockerfile "$@" "$ROOT" &&
        TMPDIR="$folder" "${BUILDER_STORE[@]}" push --quiet rollcall:dockerfile "oci-archive:$archive:rollcall:dockerfile"
}
