from pathlib import Path

import pytest

from runtime import VoiceCloner, wav
from runtime.decode import decode_audio
from runtime.encoding import Encoding, open_encoder
from runtime.errors import AudioTooLong, UndecodableAudio
from runtime.marking.label import Label
from runtime.marking.labelling import with_label
from runtime.marking.reader import WatermarkReader
from runtime.marking.verification import verify
from runtime.marking.writer import WatermarkWriter

LABEL = Label("a producer", "an id")
SPEECH = (Path(__file__).parents[3] / "samples" / "scottish-man.wav").read_bytes()


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize("watermarked", [False, True])
def test_both_marks_are_told_apart(
    writer: WatermarkWriter, reader: WatermarkReader, watermarked: bool, labelled: bool
) -> None:
    clip = decode_audio(SPEECH, 22050)
    clip = writer.mark(clip) if watermarked else clip
    encoder = open_encoder(Encoding.choose("wav", 22050), len(clip), 22050)
    encoder = with_label(encoder, "wav", LABEL) if labelled else encoder
    found = verify(encoder.encode(clip) + encoder.finish(), reader)
    assert found.watermark.present == watermarked
    assert found.label == (LABEL if labelled else None)
    assert found.marked == (watermarked or labelled)


def test_a_cloner_verifies(cloner: VoiceCloner, writer: WatermarkWriter) -> None:
    marked = wav.encode(writer.mark(decode_audio(SPEECH, 22050)), 22050)
    assert cloner.verify(marked).marked
    assert not cloner.verify(SPEECH).marked


def test_what_is_no_audio_is_refused(reader: WatermarkReader) -> None:
    with pytest.raises(UndecodableAudio):
        verify(b"", reader)
    with pytest.raises(AudioTooLong):
        verify(SPEECH, reader, maximum_seconds=1.0)
