"""Rehearsal of an image without a container engine: built by buildah, run under chroot."""
