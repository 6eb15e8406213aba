"""The lists of what an image leaves out, and what of Debian it takes in any case.

`python -m deploy.rehearse` builds an image from them and converts a clip in it, so that something
left out by mistake is noticed.
"""

LEFT_OUT_OF_PYTHON = (
    "config-*",  # for compiling Python itself
    "ensurepip",  # nothing is installed in an image
    "idlelib",
    "lib-dynload/_ctypes_test*",
    "lib-dynload/_curses*",  # terminals; also readline and its library
    "lib-dynload/_dbm*",
    "lib-dynload/_gdbm*",
    "lib-dynload/_test*",
    "lib-dynload/_tkinter*",  # windows
    "lib-dynload/nis*",  # would bring Kerberos
    "lib-dynload/readline*",
    "lib-dynload/xx*",
    "lib2to3",
    "pydoc_data",
    "site-packages",  # pip; the server's packages are in an environment of their own
    "test",
    "tkinter",
    "turtle*",
    "*/test",
    "*/tests",
)
"""Patterns of paths within the standard library's folder."""

LEFT_OUT_OF_PACKAGES = (
    "*.a",
    "*.h",
    "*.lib",
    "*.pxd",
    "*.pyi",
    "*.pyx",
    "_virtualenv*",
    "numpy/_core/include",
    "numpy/f2py",  # makes extensions of Fortran
    "numpy/_core/lib/npy-pkg-config",
    "onnxruntime/backend",  # onnx's interface
    "onnxruntime/datasets",
    # The library for programs in C; Python's extension has the same code inside.
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/quantization",  # needs onnx, which is not installed
    "onnxruntime/tools",
    "onnxruntime/transformers",  # needs onnx
    "pip",
    "pip-*",
    "*/test",
    "*/tests",
)
"""Patterns of paths within the environment's site-packages."""

LEFT_OUT_UNLESS_TRACED = ("google", "protobuf-*")
"""The same for protobuf, which only ONNX Runtime's tools and the exporter of traces use."""

TAKEN_FROM_DEBIAN = {
    "av.libs/libXau-*": "libXau.so.6",
    "av.libs/libxcb-[0-9a-f]*": "libxcb.so.1",
    "av.libs/libxcb-shape-*": "libxcb-shape.so.0",
    "av.libs/libxcb-shm-*": "libxcb-shm.so.0",
    "av.libs/libxcb-xfixes-*": "libxcb-xfixes.so.0",
}
"""Libraries of PyAV's wheel, and Debian's of the same interface that replace them.

FFmpeg links to them, for recording a screen. In the wheel they take 27 MB, nearly all of it
padding; Debian's take half of one.
"""

LEFT_OUT_OF_DEBIAN = (
    "/usr/lib/*/gconv/*",  # conversions of character sets, which Python has its own of
    "/usr/share/doc/*/changelog*",
    "/usr/share/doc/*/NEWS*",
    "/usr/share/gcc/*",  # for debuggers
    "/usr/share/gdb/*",
    "/usr/share/info/*",
    "/usr/share/lintian/*",
    "/usr/share/locale/*",
    "/usr/share/man/*",
)
"""Patterns of paths within the files of Debian packages; licences (copyright) stay."""

DEBIAN_PACKAGES = (
    "base-files",  # the layout, /etc/os-release and the texts of common licences
    "netbase",  # /etc/protocols and /etc/services
)
"""Debian packages that an image has besides those whose libraries it links to."""

DEBIAN_FILES = (
    "/etc/group",
    "/etc/ld.so.cache",  # where Python's own library is found
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/ssl/certs/ca-certificates.crt",  # for `openvoice-onnx install`
)
"""Files that belong to no package, made when packages were installed."""

USER = "openvoice:x:10001:10001::/nonexistent:/usr/sbin/nologin\n"
GROUP = "openvoice:x:10001:\n"
