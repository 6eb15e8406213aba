// One lane: waveform above spectrogram, drawn by wavesurfer.js in the colours of the page.
import { duration, el, label, say } from "./dom.js";
import { SAMPLE_RATE } from "./audio.js";

const WAVEFORM_HEIGHT = 64; // part of the style whose hash server/endpoints/page.py allows
const SPECTROGRAM_HEIGHT = 120;
const SPECTROGRAM_TOP_HZ = 8000;
const FFT_SAMPLES = 512;
const COLUMNS = 1500; // more than a lane has pixels

let libraries = null;

/** Loads wavesurfer.js when the first lane is drawn. */
function loadLibraries() {
  libraries ??= Promise.all([import("./vendor/wavesurfer.js"), import("./vendor/spectrogram.js")]);
  return libraries;
}

export class Lane {
  #surfer = null;
  #drawn = null;
  #scale = 1; // drawn seconds per real second
  #colour;
  #turn = 0;

  /**
   * @param name "target", "source" or "result"
   * @param colour () => [r, g, b], the lane's colour at the moment of drawing
   * @param onSeek called with seconds when the drawing is clicked
   */
  constructor(figure, name, { colour, onSeek }) {
    this.#colour = colour;
    this.onSeek = onSeek;
    this.time = el("small", {});
    const title = say(el("b", {}), `lane.${name}`);
    this.wave = el("div", { class: "wave" });
    this.spectrogram = el("div", { class: "spectrogram" });
    this.note = el("p", { class: "hint" });
    this.head = el("figcaption", {}, title, this.time);
    label(figure, `lane.${name}_drawing`);
    figure.append(this.head, this.wave, this.spectrogram, this.note);
    document.addEventListener("openvoice:theme", () => this.redraw());
  }

  /** Draws mono samples at 22050 Hz; null says that this browser cannot decode them. */
  async show(samples) {
    this.#drawn = { samples };
    await this.redraw();
  }

  /** Redraws with samples of the same length, more of which have arrived. */
  async update(samples) {
    this.#drawn = { samples };
    if (this.#surfer) await this.#fill(samples);
  }

  async redraw() {
    if (this.#drawn === null) return;
    this.#turn += 1;
    const turn = this.#turn;
    const { samples } = this.#drawn;
    this.time.textContent = samples ? duration(samples.length / SAMPLE_RATE) : "";
    say(this.note, samples ? null : "lane.unseen");
    if (!samples) {
      this.#clear();
      return;
    }
    const [{ default: WaveSurfer }, { default: Spectrogram }] = await loadLibraries();
    if (turn !== this.#turn) return;
    this.#clear();
    const rgb = this.#colour();
    this.#surfer = WaveSurfer.create({
      container: this.wave, height: WAVEFORM_HEIGHT, normalize: true, barWidth: 2, barGap: 1, barRadius: 2, hideScrollbar: true,
      waveColor: css(mix(pageColour("--card"), rgb, 0.5)), progressColor: css(rgb), cursorColor: css(ink()), cursorWidth: 1,
      plugins: [Spectrogram.create({
        container: this.spectrogram, height: SPECTROGRAM_HEIGHT, fftSamples: FFT_SAMPLES, scale: "mel", frequencyMax: SPECTROGRAM_TOP_HZ,
        autoGain: true, rangeDB: 70, preEmphasis: 3, labels: false, colorMap: ramp(rgb),
      })],
    });
    this.#surfer.on("interaction", (seconds) => this.onSeek(seconds / this.#scale));
    await this.#fill(samples);
  }

  /** Moves the cursor. */
  at(seconds) {
    this.#surfer?.setTime(seconds * this.#scale);
  }

  async #fill(samples) {
    const shown = condensed(samples);
    this.#scale = shown.length / samples.length;
    await this.#surfer.load("", [shown], shown.length / SAMPLE_RATE);
  }

  #clear() {
    this.#surfer?.destroy();
    this.#surfer = null;
    this.spectrogram.replaceChildren();
  }
}

/** Long audio as one window of samples a column, evenly spread, so that ten minutes draw as fast as one. */
function condensed(samples) {
  if (samples.length <= COLUMNS * FFT_SAMPLES) return samples;
  const shown = new Float32Array(COLUMNS * FFT_SAMPLES);
  for (let column = 0; column < COLUMNS; column += 1) {
    const start = Math.floor((column * (samples.length - FFT_SAMPLES)) / (COLUMNS - 1));
    shown.set(samples.subarray(start, start + FFT_SAMPLES), column * FFT_SAMPLES);
  }
  return shown;
}

/** A custom property of the page that holds a colour like "#2f66b0", as [r, g, b]. */
export function pageColour(name) {
  const value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16));
}

/** A mix of two colours; share 0 is the first, 1 the second. */
export const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

const css = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const ink = () => pageColour("--ink");

/** 256 colours from the card's background through the lane's colour to ink. */
function ramp(rgb) {
  const background = pageColour("--card");
  return Array.from({ length: 256 }, (_, i) => {
    const share = i / 255;
    const colour = share < 0.7 ? mix(background, rgb, share / 0.7) : mix(rgb, ink(), ((share - 0.7) / 0.3) * 0.8);
    return [...colour.map((value) => value / 255), 1];
  });
}
