import shutil
from pathlib import Path

import pytest

from training.phonemes import phonemes_of, sentences_in

espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="needs espeak-ng")


@espeak
@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-us", "Join the boat, now.", "ʤˈYn ðə bˈOt, nˈW."),
        ("en-gb", "Go home", "ɡˌQ hˈQm."),
        ("es", "mucho", "mˈuʧo."),
        ("it", "pizza", "pˈiʦːa."),
    ],
)
def test_text_is_written_in_kokoros_letters(language: str, text: str, phonemes: str) -> None:
    assert phonemes_of(text, language) == phonemes


@espeak
def test_text_that_looks_like_an_option_is_text() -> None:
    assert phonemes_of("--version", "en-us") == phonemes_of("version", "en-us")


def test_mandarin_has_its_tones() -> None:
    pytest.importorskip("pypinyin", reason="needs the training extra")
    assert phonemes_of("床前明月光，疑是地上霜。", "cmn") == (
        "ꭧʰwaŋ↗ʨʰjɛn↗miŋ↗ɥe↘kwaŋ→, i↗ʂɨ↘ti↘ʂaŋ↘ʂwaŋ→."
    )


def test_texts_are_cut_into_sentences_of_a_useful_length(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(
        "One is short. Two and three are joined to it!\nA paragraph goes on\n"
        "over lines.\n%\n\x1b[32mWith 3 digits it is left out.\x1b[m\n\nThe end of it all.\n"
    )
    (tmp_path / "b").write_text("The end of it all.\n\n" + "long " * 20)
    assert sentences_in(tmp_path, 18, 60) == [
        "One is short. Two and three are joined to it!",
        "A paragraph goes on over lines.",
        "The end of it all.",
    ]
