"""Decoding of M4A, AAC, WebM and MP4 with PyAV (the extra `formats`), in a process of its own.

Their demuxers and decoders are large and read untrusted files, so they run where a damaged file can
do no harm: in a process with limits of memory and time, which is ended with the file.
"""
