// The result view: source, target and result drawn one above the other, A/B player, download.
import { SAMPLE_RATE, joinSamples } from "./audio.js";
import { duration, el, label, plainly, say, text } from "./dom.js";
import { Lane, mix, pageColour } from "./lanes.js";
import { SyncedPlayer } from "./player.js";
import { stopPreview, togglePreview } from "./preview.js";
import { OpenVoiceError, encodeWav } from "./openvoice.js";

const REDRAW_MILLISECONDS = 500;
const STEP_SECONDS = 2;
const $ = (id) => document.getElementById(id);

export class ResultView {
  #player = new SyncedPlayer(SAMPLE_RATE);
  #tau = 0;
  #heard = new Float32Array(0);
  #filled = 0;
  #redraw = 0;
  #target = null;
  #address = null;
  #encode = null;
  #encoded = {};

  constructor() {
    const seek = (seconds) => this.#player.seek(seconds);
    const colours = { target: () => pageColour("--target"), source: () => pageColour("--source") };
    const blend = () => mix(colours.source(), colours.target(), this.#tau);
    this.lanes = {
      target: new Lane($("lane-target"), "target", { colour: colours.target, onSeek: () => this.#playTarget() }),
      source: new Lane($("lane-source"), "source", { colour: colours.source, onSeek: seek }),
      result: new Lane($("lane-result"), "result", { colour: blend, onSeek: seek }),
    };
    this.targetButton = label(el("button", { type: "button", class: "quiet icon-button preview" }), "lane.play_target");
    this.targetButton.addEventListener("click", () => this.#playTarget());
    this.lanes.target.head.append(this.targetButton);
    this.#player.addEventListener("change", () => this.#showPlayer());
    this.#player.addEventListener("time", () => this.#showTime());
    $("play").addEventListener("click", () => this.#toggle());
    $("seek").addEventListener("input", () => seek(Number($("seek").value)));
    for (const radio of document.querySelectorAll("input[name=ab]")) {
      radio.addEventListener("change", () => this.#player.listen(radio.value));
    }
    $("format").addEventListener("change", () => this.#choose($("format").value));
    $("result").addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("openvoice:preview", () => this.#player.pause());
    document.addEventListener("openvoice:language", () => this.#showTime());
  }

  /** Opens the audio output; to be called from a click. */
  unlock() {
    this.#player.unlock();
  }

  /** Shows the lanes for a result of `samples` to come; with `play`, plays it as it arrives. */
  start({ clips, voice, source, samples, tau, play }) {
    this.#tau = tau;
    this.#heard = new Float32Array(samples);
    this.#filled = 0;
    const known = clips.filter((clip) => clip.samples !== null);
    const target = known.length ? joinSamples(known) : null;
    this.#target = target && { blob: encodeWav(target, SAMPLE_RATE) };
    this.targetButton.hidden = target === null;
    $("result").hidden = false;
    $("download").hidden = $("download-as").hidden = true;
    $("download-problem").hidden = true;
    say($("result-stats"), null);
    this.#listenTo("result");
    this.#player.load(source.samples, samples);
    $("lane-target").hidden = voice !== null; // of a stored voice there is no recording to show
    this.lanes.target.show(target);
    this.lanes.source.show(source.samples);
    this.lanes.result.show(this.#heard);
    if (play) {
      stopPreview();
      this.#player.play();
    }
  }

  /** Takes the next 16-bit piece of the result. */
  append(pcm) {
    const piece = Float32Array.from(pcm, (sample) => sample / 32768);
    this.#heard.set(piece, this.#filled);
    this.#filled += piece.length;
    this.#player.append(piece);
    this.#redraw ||= setTimeout(() => this.#draw(), REDRAW_MILLISECONDS);
  }

  /** Takes the finished WAV, and a function that asks the server for the same result in another format. */
  finish(audio, stats, encode) {
    this.#encode = encode;
    this.#encoded = { wav: audio };
    this.#draw();
    this.#player.finish();
    $("format").value = "wav";
    this.#offer("wav");
    $("download-as").hidden = false;
    say($("result-stats"), "result.stats", stats);
    if (!this.#player.playing) $("result-title").focus({ preventScroll: true });
  }

  /** Hides a result that will not be finished. */
  abandon() {
    clearTimeout(this.#redraw);
    this.#redraw = 0;
    this.#player.pause();
    $("result").hidden = true;
  }

  /** Offers the result in a format, encoded by the server when it is first asked for. */
  async #choose(format) {
    const [encoded, encode] = [this.#encoded, this.#encode];
    $("download-problem").hidden = true;
    if (!encoded[format]) {
      $("download").hidden = true;
      $("format").disabled = true;
      try {
        encoded[format] = (await encode(format)).audio;
      } catch (error) {
        if (!(error instanceof OpenVoiceError)) throw error;
        $("download-problem").textContent = plainly(error);
        $("download-problem").hidden = false;
        $("format").value = "wav";
      } finally {
        $("format").disabled = false;
      }
    }
    if (encoded === this.#encoded) this.#offer($("format").value); // and no other conversion has begun meanwhile
  }

  #offer(format) {
    URL.revokeObjectURL(this.#address);
    this.#address = URL.createObjectURL(this.#encoded[format]);
    $("download").href = this.#address;
    $("download").download = `result.${format}`;
    $("download").hidden = false;
  }

  #draw() {
    clearTimeout(this.#redraw);
    this.#redraw = 0;
    this.lanes.result.update(this.#heard);
  }

  #toggle() {
    stopPreview();
    this.#player.toggle();
  }

  #playTarget() {
    togglePreview(this.#target, (playing) => {
      this.targetButton.classList.toggle("active", playing);
      label(this.targetButton, playing ? "lane.stop_target" : "lane.play_target");
    });
  }

  #listenTo(track) {
    document.querySelector(`input[name=ab][value=${track}]`).checked = true;
    this.#player.listen(track);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onControl = event.target.closest("button, a");
    const step = { ArrowLeft: -STEP_SECONDS, ArrowRight: STEP_SECONDS }[event.key];
    if (event.key === " " && !onControl) this.#toggle();
    else if (event.key.toLowerCase() === "a") this.#listenTo("source");
    else if (event.key.toLowerCase() === "b") this.#listenTo("result");
    else if (step && event.target.name !== "ab") this.#player.seek(this.#player.position + step);
    else return;
    event.preventDefault();
  }

  #showPlayer() {
    const { playing, duration: total } = this.#player;
    $("play").classList.toggle("active", playing);
    label($("play"), playing ? "player.pause" : "player.play");
    $("seek").max = total;
    $("lane-source").classList.toggle("muted", this.#player.audible !== "source");
    $("lane-result").classList.toggle("muted", this.#player.audible !== "result");
    this.#showTime();
  }

  #showTime() {
    const { position, duration: total, waiting } = this.#player;
    $("seek").value = position;
    const time = `${duration(position)} / ${duration(total)}`;
    $("seek").setAttribute("aria-valuetext", time);
    $("clock").textContent = waiting ? text("player.waiting") : time;
    this.lanes.source.at(position);
    this.lanes.result.at(position);
  }
}
