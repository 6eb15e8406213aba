"""Text to the phonemes that Kokoro was trained on."""

import re
import subprocess
import unicodedata
from pathlib import Path

MANDARIN = "cmn"
AFFRICATES = {"tʃ": "ʧ", "dʒ": "ʤ"}
OTHER_AFFRICATES = {"ts": "ʦ", "dz": "ʣ"}
"""Those that are one sound in other languages, and two in English."""
ENGLISH_LETTERS = {
    "eɪ": "A",
    "oʊ": "O",
    "əʊ": "Q",
    "aɪ": "I",
    "aʊ": "W",
    "ɔɪ": "Y",
    "ɜːɹ": "ɜɹ",
    "ɜː": "ɜɹ",
    "ɚ": "əɹ",
    "ɐ": "ə",
    "r": "ɹ",
    "ː": "",
    "ᵻ": "ɪ",
    "e": "A",
}
"""What Kokoro writes otherwise than eSpeak NG does in English, replaced in this order."""
SWITCHES = re.compile(r"\([a-z-]+\)")
"""eSpeak's marks where it reads a foreign word in another language."""

INITIALS = {
    "zh": "ꭧ",
    "ch": "ꭧʰ",
    "sh": "ʂ",
    "b": "p",
    "p": "pʰ",
    "m": "m",
    "f": "f",
    "d": "t",
    "t": "tʰ",
    "n": "n",
    "l": "l",
    "g": "k",
    "k": "kʰ",
    "h": "x",
    "j": "ʨ",
    "q": "ʨʰ",
    "x": "ɕ",
    "r": "ɻ",
    "z": "ʦ",
    "c": "ʦʰ",
    "s": "s",
}
"""The consonants of pinyin in the IPA (Lee & Zee 2003)."""
FINALS = {
    "a": "a",
    "o": "wo",
    "e": "ɤ",
    "ê": "ɛ",
    "er": "ɚ",
    "ai": "ai",
    "ei": "ei",
    "ao": "au",
    "ou": "ou",
    "an": "an",
    "en": "ən",
    "ang": "aŋ",
    "eng": "əŋ",
    "ong": "ʊŋ",
    "i": "i",
    "ia": "ja",
    "ie": "je",
    "iao": "jau",
    "iou": "jou",
    "ian": "jɛn",
    "in": "in",
    "iang": "jaŋ",
    "ing": "iŋ",
    "iong": "jʊŋ",
    "u": "u",
    "ua": "wa",
    "uo": "wo",
    "uai": "wai",
    "uei": "wei",
    "uan": "wan",
    "uen": "wən",
    "uang": "waŋ",
    "ueng": "wəŋ",
    "v": "y",
    "ve": "ɥe",
    "van": "ɥɛn",
    "vn": "yn",
}
"""The rest of a syllable, spelt in full as `pypinyin` does with its strict finals."""
TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘"}
BUZZING = ("zh", "ch", "sh", "r", "z", "c", "s")
"""After these an `i` is no vowel of its own but the consonant drawn out."""
PUNCTUATION = {"，": ", ", "。": ". ", "！": "! ", "？": "? ", "；": "; ", "：": ": ", "、": ", "}
CONTROL = re.compile(r"\x1b\[[0-9;]*m")
SENTENCE = re.compile(r"(?<=[.!?。！？])\s*")


def phonemes_of(text: str, language: str) -> str:
    """Write text in Kokoro's phonemes.

    Args:
        text: A sentence.
        language: A voice of eSpeak NG, or `MANDARIN`.

    Returns:
        Phonemes, stress, tones and punctuation.

    Raises:
        FileNotFoundError: eSpeak NG is not installed.
    """
    if language == MANDARIN:
        return mandarin(text)
    command = ["espeak-ng", "-q", "--ipa", "-v", language, "--", text]
    spoken = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    # eSpeak writes a line a clause and leaves out what ended it.
    spoken = ", ".join(SWITCHES.sub("", spoken).split("\n")).strip(", ") + "."
    others = ENGLISH_LETTERS if language.startswith("en") else OTHER_AFFRICATES
    for before, after in (AFFRICATES | others).items():
        spoken = spoken.replace(before, after)
    return re.sub(r"\s+", " ", spoken).strip()


def mandarin(text: str) -> str:
    """Write Chinese characters in Kokoro's phonemes, a tone after each syllable."""
    from pypinyin import Style, lazy_pinyin

    initials = lazy_pinyin(text, style=Style.INITIALS, strict=True)
    finals = lazy_pinyin(text, style=Style.FINALS_TONE3, strict=True)
    spoken = []
    for initial, final in zip(initials, finals, strict=True):
        vowels, tone = final.rstrip("12345"), final[-1:]
        if vowels not in FINALS:
            spoken.append("".join(PUNCTUATION.get(letter, " ") for letter in final))
            continue
        buzzing = vowels == "i" and initial in BUZZING
        sound = "ɨ" if buzzing else FINALS[vowels]
        spoken.append(INITIALS.get(initial, "") + sound + TONES.get(tone, ""))
    return re.sub(r"\s+", " ", "".join(spoken)).strip()


def sentences_in(path: Path, shortest: int, longest: int) -> list[str]:
    """Cut a plain text, or the texts of a folder, into sentences of a useful length.

    Args:
        path: UTF-8 text, or a folder of such; paragraphs end at empty lines and at lines of `%`.
        shortest: Characters of the shortest text that is taken; sentences are joined up to it.
        longest: Characters of the longest.

    Returns:
        The sentences in order, without duplicates and without those that hold odd symbols.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found = dict[str, None]()
    for file in files:
        text = CONTROL.sub("", file.read_text(encoding="utf-8", errors="ignore"))
        for paragraph in re.split(r"\n\s*\n|^%\n", text, flags=re.MULTILINE):
            joined = ""
            for sentence in SENTENCE.split(" ".join(paragraph.split())):
                joined = f"{joined} {sentence}".strip()
                if len(joined) >= shortest:
                    if len(joined) <= longest and _speakable(joined):
                        found[joined] = None
                    joined = ""
    return list(found)


def _speakable(text: str) -> bool:
    """Tell whether a text is letters and ordinary punctuation."""
    return all(
        letter in " ,.;:!?'\"-" or letter in PUNCTUATION or unicodedata.category(letter)[0] in "LM"
        for letter in text
    )
