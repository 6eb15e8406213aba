// A player of two synchronised tracks: the source, and the result, which may still be arriving.

const START_DELAY_SECONDS = 0.04;
const FADE_SECONDS = 0.012;
const RESUME_SECONDS = 0.4;

/**
 * Plays source and result in step, so that switching between them keeps the moment.
 *
 * Events: "change" (playing, paused, waiting for audio, more audio) and "time" (the position moved).
 */
export class SyncedPlayer extends EventTarget {
  #context = null;
  #gains = {};
  #nodes = [];
  #pieces = { source: [], result: [] };
  #startedAt = 0;
  #startedFrom = 0;
  #position = 0;
  #frame = 0;

  constructor(sampleRate) {
    super();
    this.sampleRate = sampleRate;
    this.audible = "result";
    this.playing = false;
    this.waiting = false;
    this.complete = false;
    this.samples = 0;
    this.available = 0;
  }

  /** Total length, in seconds. */
  get duration() {
    return this.samples / this.sampleRate;
  }

  /** Position, in seconds. */
  get position() {
    if (!this.playing || this.waiting) return this.#position;
    const elapsed = this.#context.currentTime - this.#startedAt;
    return Math.min(this.#startedFrom + Math.max(0, elapsed), this.duration);
  }

  /** Opens the audio output; to be called from a click or key press, as browsers demand. */
  unlock() {
    if (this.#context === null) {
      this.#context = new AudioContext({ sampleRate: this.sampleRate });
      for (const track of ["source", "result"]) {
        this.#gains[track] = this.#context.createGain();
        this.#gains[track].gain.value = track === this.audible ? 1 : 0;
        this.#gains[track].connect(this.#context.destination);
      }
    }
    if (this.#context.state === "suspended") this.#context.resume();
  }

  /** Resets the player to a source (null if it cannot be decoded) and a result of `samples` to come. */
  load(source, samples) {
    this.pause();
    this.#pieces = { source: source ? [{ start: 0, data: source }] : [], result: [] };
    Object.assign(this, { samples, available: 0, complete: false });
    this.#position = 0;
    this.#changed();
  }

  /** Adds the next piece of the result, as Float32Array. */
  append(data) {
    const piece = { start: this.available, data };
    this.#pieces.result.push(piece);
    this.available += data.length;
    if (this.playing && !this.waiting) this.#schedule("result", piece);
    if (this.waiting && this.available / this.sampleRate - this.#position >= RESUME_SECONDS) this.#begin();
    this.#changed();
  }

  /** Marks the result as complete. */
  finish() {
    this.complete = true;
    if (this.waiting) this.#begin();
    this.#changed();
  }

  play() {
    this.unlock();
    if (this.#position >= this.duration - 0.02) this.#position = 0;
    this.playing = true;
    this.#begin();
    this.#changed();
  }

  pause() {
    this.#position = this.position;
    this.#silence();
    this.playing = false;
    this.waiting = false;
    this.#changed();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  seek(seconds) {
    this.#position = Math.max(0, Math.min(seconds, this.duration));
    if (this.playing) this.#begin();
    this.dispatchEvent(new Event("time"));
  }

  /** Switches playback to "source" or "result" without changing the position. */
  listen(track) {
    this.audible = track;
    for (const [name, gain] of Object.entries(this.#gains)) {
      gain.gain.setTargetAtTime(name === track ? 1 : 0, this.#context.currentTime, FADE_SECONDS / 3);
    }
    this.#changed();
  }

  #begin() {
    this.#silence();
    this.waiting = !this.complete && this.#position * this.sampleRate >= this.available;
    if (!this.waiting) {
      // On a whole sample, so that pieces meet without interpolation between them.
      this.#startedAt = Math.round((this.#context.currentTime + START_DELAY_SECONDS) * this.sampleRate) / this.sampleRate;
      this.#startedFrom = Math.round(this.#position * this.sampleRate) / this.sampleRate;
      for (const [track, pieces] of Object.entries(this.#pieces)) {
        for (const piece of pieces) this.#schedule(track, piece);
      }
    }
    this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #schedule(track, piece) {
    const rate = this.sampleRate;
    const startsAt = this.#startedAt + piece.start / rate - this.#startedFrom;
    // What lies before the position, or came too late (a page in the background is not told in time), is left out.
    const earliest = Math.max(this.#startedAt, this.#context.currentTime);
    const skipped = Math.max(0, Math.ceil((earliest - startsAt) * rate - 0.5));
    if (skipped >= piece.data.length) return;
    const buffer = this.#context.createBuffer(1, piece.data.length, rate);
    buffer.copyToChannel(piece.data, 0);
    const node = this.#context.createBufferSource();
    node.buffer = buffer;
    node.connect(this.#gains[track]);
    node.start(startsAt + skipped / rate, skipped / rate);
    this.#nodes.push(node);
  }

  #tick() {
    if (!this.playing) return;
    const position = this.position;
    if (position >= this.duration && this.complete) {
      this.pause();
    } else if (!this.waiting && !this.complete && position * this.sampleRate >= this.available) {
      this.#position = this.available / this.sampleRate;
      this.#silence();
      this.waiting = true;
      this.#changed();
    }
    this.dispatchEvent(new Event("time"));
    if (this.playing) this.#frame = requestAnimationFrame(() => this.#tick());
  }

  #silence() {
    cancelAnimationFrame(this.#frame);
    for (const node of this.#nodes) {
      node.stop();
      node.disconnect();
    }
    this.#nodes = [];
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
