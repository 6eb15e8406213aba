// A panel in which clips are chosen, dropped, recorded or taken from the samples.
import { UnreadableAudio, prepareClip } from "./audio.js";
import { duration, el, label, language, plainly, say, text } from "./dom.js";
import { OpenVoiceError, tone } from "./openvoice.js";
import { stopPreview, togglePreview } from "./preview.js";
import { recordingObstacle, recordingProblem, startRecording } from "./recorder.js";
import { connection } from "./session.js";

const KNOWN_WARNINGS = ["short", "quiet", "clipped", "mostly_silence"];
const LONGEST_SAMPLE_TARGET_SECONDS = 15;

export class ClipPanel extends EventTarget {
  clips = [];
  #many;
  #maximum = Infinity;
  #recording = null;
  #recorded = 0;

  /** @param many several clips of one voice, each checked as a reference, instead of a single clip */
  constructor(section, { many }) {
    super();
    this.#many = many;
    this.list = el("ul", { class: "clips" });
    this.total = el("p", { class: "hint" });
    this.note = el("p", { class: "note bad", role: "alert" });
    this.samples = el("div", { class: "samples", hidden: true });
    section.append(this.#dropZone(section), this.samples, this.list, this.total, this.note);
    document.addEventListener("openvoice:language", () => this.#render());
  }

  /** Offers the shipped samples. */
  offer(samples) {
    const fitting = this.#many ? samples.filter((sample) => sample.seconds <= LONGEST_SAMPLE_TARGET_SECONDS) : samples;
    const chips = fitting.map((sample) => {
      const names = { zh: sample.title_zh, en: sample.title_en };
      const chip = el("button", { type: "button", class: "chip" });
      chip.append(el("span", { lang: "zh" }, names.zh), el("span", { lang: "en" }, names.en), el("small", {}, duration(sample.seconds)));
      chip.addEventListener("click", () => this.#addSample(sample.file, names));
      return chip;
    });
    this.samples.replaceChildren(say(el("span", { class: "samples-label" }), "clip.samples"), ...chips);
    this.samples.hidden = chips.length === 0;
  }

  /** Sets how many clips the server takes. */
  limit(maximum) {
    this.#maximum = maximum;
  }

  /** Shows a problem in words; key null clears it. */
  problem(key, values) {
    say(this.note, key, values);
  }

  #dropZone(section) {
    const input = el("input", { type: "file", accept: "audio/*,.flac,.ogg,.opus,.m4a,.webm", multiple: this.#many, hidden: true });
    const choose = say(el("button", { type: "button", class: "choose" }), this.#many ? "clip.choose_many" : "clip.choose");
    choose.addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#addFiles([...input.files]);
      input.value = "";
    });
    this.record = say(el("button", { type: "button", class: "record" }), "clip.record");
    this.record.addEventListener("click", () => (this.#recording ? this.#stopRecording() : this.#startRecording()));
    this.level = label(el("meter", { min: 0, max: 1, low: 0.1, high: 0.97, optimum: 0.5, hidden: true }), "clip.recording_level");
    this.chooser = choose;
    for (const name of ["dragenter", "dragover"]) section.addEventListener(name, () => section.classList.add("dropping"));
    section.addEventListener("dragleave", (event) => {
      if (!section.contains(event.relatedTarget)) section.classList.remove("dropping");
    });
    section.addEventListener("drop", (event) => {
      section.classList.remove("dropping");
      this.#addFiles([...event.dataTransfer.files]);
    });
    const words = say(el("p", {}), this.#many ? "clip.drop_many" : "clip.drop");
    return el("div", { class: "drop-zone" }, words, el("div", { class: "row" }, choose, this.record, input), this.level);
  }

  async #addSample(file, names) {
    this.problem(null);
    try {
      const response = await fetch(`/samples/${file}`);
      if (!response.ok) throw new Error(`${response.status}`);
      await this.#add(await response.blob(), names);
    } catch (error) {
      this.problem("problem.sample", { reason: error.message });
    }
  }

  async #addFiles(files) {
    this.problem(null);
    for (const file of this.#many ? files : files.slice(0, 1)) await this.#add(file, file.name);
  }

  async #add(blob, name) {
    if (this.#many && this.clips.length >= this.#maximum) {
      this.problem("problem.too_many", { count: this.#maximum });
      return;
    }
    try {
      const clip = await prepareClip(blob, name);
      if (!this.#many) this.#discard();
      this.clips.push(clip);
      if (this.#many) this.#check(clip);
      this.#changed();
    } catch (error) {
      if (!(error instanceof UnreadableAudio)) throw error;
      this.problem("problem.undecodable", { name: nameOf({ name }) });
    }
  }

  /** Asks the server for warnings about a target clip, which also caches its tone for the conversion. */
  async #check(clip) {
    clip.checking = new AbortController();
    clip.verdict = { key: "clip.checking" };
    try {
      const { warnings } = await tone({ audio: clip.blob, signal: clip.checking.signal, ...connection() });
      clip.verdict = warnings.length === 0 ? { key: "clip.fine", good: true } : { warnings };
    } catch (error) {
      if (clip.checking.signal.aborted) return;
      if (!(error instanceof OpenVoiceError)) throw error;
      clip.verdict = error.code === "unreachable" ? { key: "problem.unreachable", bad: true } : { words: plainly(error), bad: true };
    }
    this.#render();
  }

  async #startRecording() {
    this.problem(null);
    const obstacle = recordingObstacle();
    if (obstacle) {
      this.problem(obstacle, { address: location.origin });
      return;
    }
    stopPreview();
    this.record.disabled = true; // until the visitor has answered the permission prompt
    try {
      this.#recording = await startRecording((peak, seconds) => {
        this.level.value = peak;
        say(this.record, "clip.stop", { seconds: duration(seconds) });
      });
    } catch (error) {
      this.problem(recordingProblem(error), { reason: error.message });
      return;
    } finally {
      this.record.disabled = false;
    }
    this.record.classList.add("active");
    this.level.hidden = false;
  }

  async #stopRecording() {
    const recording = this.#recording;
    this.#recording = null;
    this.record.classList.remove("active");
    this.level.hidden = true;
    const blob = await recording.stop();
    say(this.record, "clip.record");
    this.#recorded += 1;
    const values = { number: this.#recorded };
    await this.#add(blob, { key: "microphone.name", values });
  }

  #discard() {
    stopPreview();
    this.clips.forEach((clip) => clip.checking?.abort());
    this.clips = [];
  }

  #remove(clip) {
    stopPreview();
    clip.checking?.abort();
    this.clips = this.clips.filter((other) => other !== clip);
    this.#changed();
    this.chooser.focus();
  }

  #changed() {
    this.#render();
    this.dispatchEvent(new Event("change"));
  }

  #render() {
    this.list.replaceChildren(...this.clips.map((clip) => this.#item(clip)));
    const known = this.clips.every((clip) => clip.seconds !== null);
    const seconds = this.clips.reduce((total, clip) => total + clip.seconds, 0);
    if (this.clips.length > 1 && known) say(this.total, "clip.total", { count: this.clips.length, seconds: duration(seconds) });
    else say(this.total, null);
  }

  #item(clip) {
    const name = nameOf(clip);
    const play = label(el("button", { type: "button", class: "quiet icon-button preview" }), "clip.play", { name });
    play.disabled = clip.samples === null;
    play.addEventListener("click", () => togglePreview(clip, (playing) => {
      play.classList.toggle("active", playing);
      label(play, playing ? "clip.pause" : "clip.play", { name });
    }));
    const remove = label(el("button", { type: "button", class: "quiet icon-button remove" }, "×"), "clip.remove", { name });
    remove.addEventListener("click", () => this.#remove(clip));
    const length = el("small", {}, clip.seconds === null ? "" : duration(clip.seconds));
    const head = el("div", { class: "clip-head" }, play, el("span", { class: "clip-name" }, name), length, remove);
    const converted = clip.converted ? say(el("p", { class: "note" }), "clip.converted") : null;
    return el("li", {}, head, converted, ...verdictLines(clip.verdict));
  }
}

function nameOf({ name }) {
  if (typeof name === "string") return name;
  return name.key ? text(name.key, name.values) : name[language()];
}

function verdictLines(verdict) {
  if (!verdict) return [];
  if (verdict.warnings) {
    return verdict.warnings.map((code) => {
      const known = KNOWN_WARNINGS.includes(code);
      return say(el("p", { class: "note warn" }), known ? `warning.${code}` : "warning.other", { code });
    });
  }
  const line = el("p", { class: `note ${verdict.good ? "good" : verdict.bad ? "bad" : ""}` });
  return [verdict.words ? (line.textContent = verdict.words, line) : say(line, verdict.key)];
}
