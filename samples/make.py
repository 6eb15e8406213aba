"""Generation of the sample clips and samples.json with espeak-ng and flite: `make samples`."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import soundfile

FOLDER = Path(__file__).parent

KEEPER = """The lighthouse keeper wrote one line in his book every night.
Most of them said that nothing had happened.
On the ninth of March he wrote that a small boat had come in without a light,
and that he had gone down to the water with a rope.
He did not write who was in it.
In the morning there were two cups on the table,
and the door of the tower stood open to the sea.
Nobody in the village ever asked him about it.
The boat is still there, upside down in the grass behind the wall."""

BREAD = """If you want to bake bread at home, begin the evening before.
Stir flour, water, a little salt and a pinch of yeast in a large bowl,
cover it with a cloth, and leave it alone until morning.
You do not have to knead it, because time does that work for you.
When you come back, the dough will have doubled, and it will be full of bubbles.
Turn it out on a floured board, fold it over twice, and let it rest while the oven grows hot.
Put an iron pot with its lid into the oven for half an hour, so that it is hot all through.
Then drop the dough into the pot, close the lid, and wait another half hour.
Take the lid off, and give it ten minutes more, until the crust is dark and sings when it cools.
The hardest part comes last. You should not cut it while it is warm.
Nobody that I know has ever managed to wait, and I do not believe that you will.
What is left the next day makes good toast.
And if the loaf is flat or pale, write down what you did, for there is always a reason.
The kitchen was cold, or the water was too warm, or the flour had stood open all summer.
Change one thing, bake again, and give the failures to the birds, who are not particular."""


@dataclass(frozen=True)
class Sample:
    """One clip: its file, its titles on the page, the command that speaks it and its text."""

    file: str
    title_zh: str
    title_en: str
    command: tuple[str, ...]
    text: str

    @property
    def speech(self) -> list[str]:
        """Command that speaks the clip into speech.wav in the working directory."""
        text = " ".join(self.text.split())
        if self.command[0] == "flite":
            return [*self.command, "-t", text, "-o", "speech.wav"]
        return [*self.command, "-w", "speech.wav", text]


def flite(voice: str) -> tuple[str, ...]:
    """Return flite's command for a voice."""
    return ("flite", "-voice", voice)


def espeak(voice: str, words_a_minute: int, pitch: int) -> tuple[str, ...]:
    """Return espeak-ng's command for a voice at a speed and a pitch (0 to 99)."""
    return ("espeak-ng", "-v", voice, "-s", str(words_a_minute), "-p", str(pitch))


SAMPLES = (
    Sample(
        "english-woman.flac",
        "英语女声",
        "English, woman",
        flite("slt"),
        "Good morning. The train to the coast leaves from platform four in eleven minutes, "
        "and there is still time for a cup of coffee.",
    ),
    Sample(
        "english-man.flac",
        "英语男声",
        "English, man",
        flite("rms"),
        "We measured the bridge twice, once in the cold of January and once in July, "
        "and it had grown by the width of a hand.",
    ),
    Sample(
        "scottish-man.wav",
        "苏格兰英语男声",
        "Scottish English, man",
        flite("awb"),
        "My grandmother kept bees behind the house. She said that they knew who was coming "
        "long before the dog did.",
    ),
    Sample(
        "english-man-low.ogg",
        "英语男声（低沉）",
        "English, man, low voice",
        espeak("en-us+m7", 150, 20),
        "Please check the list once more. Seven boxes came in, six of them were opened, "
        "and one is still on the truck.",
    ),
    Sample(
        "mandarin-woman.flac",
        "普通话女声",
        "Mandarin, woman",
        espeak("cmn-latn-pinyin+f2", 170, 60),
        "今天下午天气很好,我们打算先去公园散步,然后到河边的小店喝茶。",
    ),
    Sample(
        "mandarin-man.flac",
        "普通话男声",
        "Mandarin, man",
        espeak("cmn-latn-pinyin+m3", 170, 40),
        "请把窗户打开一点儿,房间里有些热。晚饭以后,我给你讲一个很长的故事。",
    ),
    Sample(
        "english-man-half-minute.mp3",
        "英语男声（约半分钟）",
        "English, man, half a minute",
        flite("rms"),
        KEEPER,
    ),
    Sample(
        "english-woman-minute.mp3",
        "英语女声（约 1 分钟）",
        "English, woman, a minute",
        flite("slt"),
        BREAD,
    ),
)


def make(sample: Sample) -> dict[str, str | float]:
    """Speak a clip, store it in the format of its file name, and return its entry in the list."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(sample.speech, check=True, cwd=folder)
        waveform, sample_rate_hz = soundfile.read(Path(folder) / "speech.wav", dtype="int16")
    soundfile.write(FOLDER / sample.file, waveform, sample_rate_hz)
    return {
        "file": sample.file,
        "title_zh": sample.title_zh,
        "title_en": sample.title_en,
        "seconds": round(len(waveform) / sample_rate_hz, 2),
        "how": shlex.join(sample.speech),
    }


def main() -> int:
    """Make every clip and the list of them."""
    entries = [make(sample) for sample in SAMPLES]
    listing = json.dumps(entries, ensure_ascii=False, indent=2) + "\n"
    (FOLDER / "samples.json").write_text(listing, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
