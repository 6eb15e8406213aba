"""Encoding of audio into files and streams, piece by piece: WAV, FLAC, MP3, Opus and raw samples.

An encoder is told the length before the first sample, so a stream has the header of a whole file:
nothing is written twice, and the joined pieces are the file.
"""

from runtime.encoding.encoder import Encoder, encode, open_encoder
from runtime.encoding.formats import FORMATS, AudioFormat, Codec, Encoding

__all__ = ["FORMATS", "AudioFormat", "Codec", "Encoder", "Encoding", "encode", "open_encoder"]
