"""The headers of the documentation page: what it may load, and from where."""

from __future__ import annotations

# wavesurfer.js puts one fixed style into its shadow root: its hash lets in that one and no other.
_WAVEFORM_STYLE_HASH = "sha256-fF0LBso7Nz75zaFRDBUefBDvPe19hjaiDnnc8lt+2Js="

_CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": f"'self' '{_WAVEFORM_STYLE_HASH}'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "connect-src": "'self' data: blob:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}

PAGE_HEADERS = {
    "Content-Security-Policy": "; ".join(
        f"{name} {sources}" for name, sources in _CONTENT_SECURITY_POLICY.items()
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
