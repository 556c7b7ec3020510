# shellcheck shell=bash
# the image of the Dockerfile and of deploy/release: built without a registry, run as nobody on a read-only root; a release's files
if [ "$(id -u)" -ne 0 ]; then
    skip image "only root may change its root and its network"
    return 0
fi
need_debian buildah buildah
need_debian debootstrap debootstrap
need_debian jq jq
need_debian ip iproute2
need_cargo_tool cargo-cyclonedx "$CYCLONEDX_VERSION"
need_python

# shellcheck source=tests/image/builder.sh
. "$TESTS/image/builder.sh"

# Twice, from one build: the second must have the same bytes.
export RELEASE="$WORK/release" RELEASE_AGAIN="$WORK/release-again" DOCKERFILE_ARCHIVE="$WORK/dockerfile.oci.tar"
"$ROOT/deploy/release" "$RELEASE"
"$ROOT/deploy/release" "$RELEASE_AGAIN"

builder_base
# Its layout is what is looked at, and whether it builds: that needs no optimisation.
build_dockerfile "$BUILDER_CACHE" "$DOCKERFILE_ARCHIVE" --build-arg PROFILE=dev
count 1 0 0
builder_without_a_compiler
if build_dockerfile "$WORK/without" "$WORK/without.oci.tar" --build-arg PROFILE=dev >"$WORK/without.log" 2>&1; then
    echo "image: the Dockerfile builds where gcc is missing: whether its tools are there is not found out"
    count 0 1 0
else
    grep -F "linker \`cc\` not found" "$WORK/without.log" | head -1
    count 1 0 0
fi

# A network of its own has the image's ports free, and a name server on port 53; mounts of its own go with it.
counted unshare --net --mount sh -c 'ip link set lo up && exec "$@"' sh \
    "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" -rP "$TESTS/image" "$@"
