// The playground: two clip panels, settings, a streamed conversion and its result.
import { fittingBlob } from "./audio.js";
import { ClipPanel } from "./clip-panel.js";
import { duration, percent, plainly, say } from "./dom.js";
import { OpenVoiceError, clone, cloneStream } from "./openvoice.js";
import { ResultView } from "./result-view.js";
import { connection } from "./session.js";
import { StoredVoices } from "./stored-voices.js";

const $ = (id) => document.getElementById(id);

export class Playground {
  #limits = { body_bytes: Infinity, source_seconds: Infinity };
  #running = null;

  constructor() {
    this.target = new ClipPanel($("target-panel"), { many: true });
    this.stored = new StoredVoices(this.target);
    this.source = new ClipPanel($("source-panel"), { many: false });
    this.result = new ResultView();
    for (const panel of [this.target, this.stored, this.source]) panel.addEventListener("change", () => this.#clearProblem());
    for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());
    $("tau").addEventListener("input", () => this.#showSettings());
    $("temperature").addEventListener("input", () => this.#showSettings());
    $("controls").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#convert();
    });
    $("cancel").addEventListener("click", () => this.#running?.abort());
    this.#showSettings();
  }

  /** Takes the server's limits from /api/info. */
  limit(limits) {
    this.#limits = limits;
    this.target.limit(limits.target_clips);
  }

  /** Offers the shipped samples in both panels. */
  offer(samples) {
    this.target.offer(samples);
    this.source.offer(samples);
  }

  #showSettings() {
    const tau = Number($("tau").value);
    $("tau-value").textContent = tau.toFixed(2);
    $("tau").setAttribute("aria-valuetext", tau.toFixed(2));
    $("temperature-value").textContent = Number($("temperature").value).toFixed(2);
    const zone = tau <= 0.2 ? "keep" : tau < 0.3 ? "between" : tau <= 0.5 ? "balanced" : tau < 0.6 ? "between" : "strong";
    say($("tau-zone"), `tau.${zone}`);
  }

  /** The first problem with the input, as [key, values, element to focus]; null if there is none. */
  #obstacle() {
    const { source_seconds: maximum } = this.#limits;
    const [source] = this.source.clips;
    const seed = $("seed").value.trim();
    if (!this.stored.target && this.target.clips.length === 0) return ["problem.no_target", {}, this.target.chooser];
    if (!source) return ["problem.no_source", {}, this.source.chooser];
    if (source.seconds > maximum) {
      return ["problem.source_long", { seconds: duration(source.seconds), maximum: duration(maximum) }, this.source.chooser];
    }
    if (seed && !(/^\d+$/.test(seed) && Number.isSafeInteger(Number(seed)))) return ["problem.seed", {}, $("seed")];
    return null;
  }

  async #convert() {
    if (this.#running) return;
    this.#clearProblem();
    const obstacle = this.#obstacle();
    if (obstacle) {
      const [key, values, element] = obstacle;
      element.closest("details")?.setAttribute("open", "");
      this.#showProblem(say(document.createElement("p"), key, values));
      element.focus();
      return;
    }
    this.result.unlock();
    this.#running = new AbortController();
    this.#busy(true);
    say($("status"), "status.converting");
    say($("progress-text"), "progress.reading");
    try {
      await this.#stream(this.#running.signal);
      say($("status"), "status.done");
    } catch (error) {
      this.result.abandon();
      if (this.#running.signal.aborted) this.#showNote("status.cancelled");
      else this.#explain(error);
    } finally {
      this.#running = null;
      this.#busy(false);
    }
  }

  async #stream(signal) {
    const voice = this.stored.target;
    const clips = voice ? [] : this.target.clips;
    const [source] = this.source.clips;
    const tau = Number($("tau").value);
    const seed = $("seed").value.trim();
    const share = 0.99 * this.#limits.body_bytes / (clips.length + 1); // the rest is JSON around the clips
    let total = 0;
    const request = {
      ...(voice ? { targetVoice: voice } : { target: clips.map((clip) => fittingBlob(clip, share)) }),
      source: fittingBlob(source, share),
      tau,
      temperature: Number($("temperature").value),
      // Chosen here, so that the same result can be had in another format: the server's own seeds exceed a number.
      seed: seed ? Number(seed) : crypto.getRandomValues(new Uint32Array(1))[0],
    };
    const { audio, stats } = await cloneStream({
      ...request,
      signal,
      ...connection(),
      onRetry: ({ attempt, seconds }) => say($("progress-text"), "progress.waiting", { attempt, seconds: Math.ceil(seconds) }),
      onStart: (start) => {
        total = start.seconds;
        this.result.start({ clips, voice, source, samples: start.samples, tau, play: $("play-early").checked });
        this.#progress(0, total);
        // Where the result is taller than the screen, Cancel and progress stay in sight above it.
        const fits = $("result").offsetHeight < innerHeight;
        (fits ? $("result") : $("cancel")).scrollIntoView({ block: fits ? "nearest" : "start" });
      },
      onAudio: (pcm) => this.result.append(pcm),
      onProgress: (share) => this.#progress(share, total),
    });
    this.result.finish(audio, stats, (format) => clone({ ...request, format, ...connection() }));
  }

  #progress(share, total) {
    $("progress-bar").value = share;
    say($("progress-text"), "progress.share", { done: duration(share * total), total: duration(total), share: percent(share) });
  }

  #busy(busy) {
    $("convert").hidden = busy;
    $("cancel").hidden = !busy;
    $("progress").hidden = !busy;
    $("progress-bar").removeAttribute("value");
    if (busy) $("cancel").focus();
    else if (document.activeElement === document.body) $("convert").focus();
  }

  #clearProblem() {
    $("problem").hidden = true;
    say($("status"), null);
  }

  #showProblem(...lines) {
    $("problem").classList.remove("calm");
    $("problem").replaceChildren(...lines);
    $("problem").hidden = false;
  }

  #showNote(key) {
    this.#showProblem(say(document.createElement("p"), key));
    $("problem").classList.add("calm");
  }

  #explain(error) {
    const line = document.createElement("p");
    if (!(error instanceof OpenVoiceError)) {
      this.#showProblem(say(line, "problem.unexpected", { reason: error.message }));
      throw error;
    }
    if (["unreachable", "stream_interrupted"].includes(error.code)) {
      this.#showProblem(say(line, `problem.${error.code}`));
      return;
    }
    line.textContent = plainly(error);
    const reference = document.createElement("small");
    const values = { code: error.code, request: error.requestId };
    this.#showProblem(line, say(reference, error.requestId ? "problem.reference" : "problem.code", values));
  }
}
