// Runs on the audio thread: hands the microphone's samples on, and plays what comes back through a jitter buffer.

const BLOCK_SAMPLES = 512; // 23 ms at 22050 Hz: what is sent at once
const REPORT_BLOCKS = 8;

class Capture extends AudioWorkletProcessor {
  #block = new Float32Array(BLOCK_SAMPLES);
  #filled = 0;

  process([[channel]]) {
    if (!channel) return true;
    for (const sample of channel) {
      this.#block[this.#filled] = sample;
      this.#filled += 1;
      if (this.#filled === BLOCK_SAMPLES) {
        this.port.postMessage(this.#block.slice());
        this.#filled = 0;
      }
    }
    return true;
  }
}

/**
 * A bounded jitter buffer. Audio comes a chunk at a time; each time that the buffer was empty, playing begins
 * `depthSeconds` after the next chunk came, which is by how much later ones may be late. What is more than
 * `limitSeconds` is left out, so that a burst after a pause of the network does not delay everything behind it.
 */
class Playback extends AudioWorkletProcessor {
  #blocks = [];
  #offset = 0;
  #buffered = 0;
  #waiting;
  #report = { played: 0, dropped: 0, gaps: 0 };
  #calls = 0;
  #depth;
  #limit;

  constructor({ processorOptions: { depthSeconds, limitSeconds } }) {
    super();
    this.#depth = Math.round(depthSeconds * sampleRate);
    this.#limit = Math.round(limitSeconds * sampleRate);
    this.#waiting = this.#depth;
    this.port.onmessage = ({ data }) => this.#put(data);
  }

  #put(block) {
    this.#blocks.push(block);
    this.#buffered += block.length;
    if (this.#buffered > this.#limit) this.#report.dropped += this.#take(null, this.#buffered - block.length - this.#depth);
  }

  /** Takes samples out, into an array or nowhere; says how many. */
  #take(into, count) {
    let taken = 0;
    while (taken < count && this.#blocks.length) {
      const [block] = this.#blocks;
      const length = Math.min(count - taken, block.length - this.#offset);
      into?.set(block.subarray(this.#offset, this.#offset + length), taken);
      taken += length;
      this.#offset += length;
      if (this.#offset === block.length) {
        this.#blocks.shift();
        this.#offset = 0;
      }
    }
    this.#buffered -= taken;
    return taken;
  }

  process(_, [[channel]]) {
    if (this.#buffered > 0 && this.#waiting > 0) {
      this.#waiting -= channel.length;
    } else if (this.#buffered > 0) {
      this.#report.played += this.#take(channel, channel.length);
      if (this.#buffered === 0) {
        this.#report.gaps += 1;
        this.#waiting = this.#depth;
      }
    }
    this.#calls += 1;
    if (this.#calls % REPORT_BLOCKS === 0) this.port.postMessage({ ...this.#report, buffered: this.#buffered });
    return true;
  }
}

registerProcessor("openvoice-capture", Capture);
registerProcessor("openvoice-playback", Playback);
