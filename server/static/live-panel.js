// The live panel: speak, and hear the target's voice say it a moment later.
import { SAMPLE_RATE } from "./audio.js";
import { duration, plainly, say } from "./dom.js";
import { openLive } from "./live.js";
import { Microphone, Speaker } from "./live-audio.js";
import { OpenVoiceError, encodeWav } from "./openvoice.js";
import { stopPreview } from "./preview.js";
import { recordingObstacle, recordingProblem } from "./recorder.js";
import { connection } from "./session.js";

const LONGEST_RECORDING_SECONDS = 600;
const METER_DECAY = 0.8;
const $ = (id) => document.getElementById(id);

export class LivePanel {
  #target;
  #stored;
  #run = null;

  /**
   * @param target the ClipPanel of the voice to imitate
   * @param stored the StoredVoices beside it
   */
  constructor(target, stored) {
    this.#target = target;
    this.#stored = stored;
    $("live-start").addEventListener("click", () => this.#start());
    $("live-stop").addEventListener("click", () => this.#run?.stop());
  }

  async #start() {
    this.#problem(null);
    const obstacle = recordingObstacle();
    const voice = this.#stored.target;
    if (!voice && this.#target.clips.length === 0) {
      this.#problem("problem.no_target");
      this.#target.chooser.focus();
      return;
    }
    if (obstacle) {
      this.#problem(obstacle, { address: location.origin });
      return;
    }
    stopPreview();
    this.#busy(true);
    this.#run = new Run(voice ? { targetVoice: voice } : { target: this.#target.clips.map((clip) => clip.blob) });
    try {
      await this.#run.done;
      say($("live-status"), "live.stopped");
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#run = null;
      this.#busy(false);
    }
  }

  #busy(busy) {
    $("live-start").hidden = busy;
    $("live-stop").hidden = !busy;
    $("live-latency").disabled = busy;
    $("live-meters").hidden = !busy;
    (busy ? $("live-stop") : $("live-start")).focus();
  }

  #problem(key, values) {
    say($("live-problem"), key, values);
    $("live-problem").hidden = key === null;
  }

  #explain(error) {
    say($("live-status"), null);
    if (error instanceof OpenVoiceError) {
      if (["unreachable", "stream_interrupted"].includes(error.code)) return this.#problem(`problem.${error.code}`);
      this.#problem("live.failed", { reason: plainly(error) });
      return;
    }
    if (error instanceof DOMException) return this.#problem(recordingProblem(error), { reason: error.message });
    this.#problem("problem.unexpected", { reason: error.message });
    throw error;
  }
}

/** One session, from the click on start to the last sample. */
class Run {
  #finished = Promise.withResolvers();
  #session = null;
  #microphone = null;
  #speaker = null;
  #spokenSamples = 0;
  #heard = [];
  #heardSamples = 0;
  #stopping = false;
  #drained = false;
  #ended = false;

  /** @param target the options that name the target of `openLive` */
  constructor(target) {
    this.#begin(target).catch((error) => this.#end(error));
  }

  get done() {
    return this.#finished.promise;
  }

  async #begin(target) {
    say($("live-status"), "live.opening");
    say($("live-measured"), null);
    $("live-download").hidden = true;
    this.#microphone = await Microphone.open(SAMPLE_RATE, (block) => this.#spoken(block));
    const session = await openLive({
      ...target,
      tau: Number($("tau").value),
      temperature: Number($("temperature").value),
      latency: $("live-latency").value,
      sampleRate: this.#microphone.sampleRate,
      onAudio: (pcm) => this.#converted(pcm),
      onFailure: (error) => this.#end(error),
      ...connection(),
    });
    const { sample_rate: rate, chunk_seconds: chunk, latency_seconds: told } = session.ready;
    this.#speaker = await Speaker.open(rate, chunk, (report) => this.#report(report));
    this.#session = session;
    say($("live-status"), "live.running", { told: told.toFixed(2) });
    if (this.#stopping) this.stop();
  }

  /** Stops the microphone; what was said is still converted and played. */
  async stop() {
    this.#stopping = true;
    if (!this.#session) return;
    this.#microphone.close();
    try {
      await this.#session.end();
      this.#drained = true;
    } catch (error) {
      this.#end(error);
    }
  }

  #spoken(block) {
    meter($("live-input"), block);
    // What is said while the session opens is left out, so that nothing has to catch up.
    if (!this.#session || this.#stopping) return;
    this.#session.send(block);
    this.#spokenSamples += block.length;
  }

  #converted(pcm) {
    this.#speaker.play(pcm);
    meter($("live-output"), pcm, 32768);
    this.#heardSamples += pcm.length;
    if (this.#heardSamples < LONGEST_RECORDING_SECONDS * SAMPLE_RATE) this.#heard.push(pcm);
  }

  #report({ played, dropped, gaps, buffered }) {
    // As many samples come out as went in, so what was spoken and not yet played is how far one lies behind the other.
    const spoken = (this.#spokenSamples - this.#session.lostSamples) / this.#microphone.sampleRate;
    const behind = spoken - (played + dropped) / SAMPLE_RATE + this.#speaker.outputSeconds;
    if (played > 0 && !this.#stopping) say($("live-measured"), "live.measured", { seconds: behind.toFixed(2), gaps });
    if (this.#drained && buffered === 0 && played + dropped >= this.#heardSamples) this.#end(null);
  }

  #end(error) {
    if (this.#ended) return;
    this.#ended = true;
    this.#microphone?.close();
    this.#speaker?.close();
    this.#session?.close();
    for (const id of ["live-input", "live-output"]) $(id).value = 0;
    this.#offer();
    if (error) this.#finished.reject(error);
    else this.#finished.resolve();
  }

  #offer() {
    const length = this.#heard.reduce((total, pcm) => total + pcm.length, 0);
    if (length === 0) return;
    const joined = new Float32Array(length);
    let position = 0;
    for (const pcm of this.#heard) {
      joined.set(Float32Array.from(pcm, (sample) => sample / 32768), position);
      position += pcm.length;
    }
    const link = $("live-download");
    URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(encodeWav(joined, SAMPLE_RATE));
    say(link, "live.download", { seconds: duration(length / SAMPLE_RATE) });
    link.hidden = false;
  }
}

function meter(element, samples, fullScale = 1) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  element.value = Math.max(peak / fullScale, METER_DECAY * element.value);
}
