// The sound card of a live session: microphone in, loudspeaker out, and how far one lies behind the other.

const WORKLET = "/static/live-worklet.js";
const DEPTH_SECONDS = 0.04; // by how much a chunk may be late: the network's jitter
const LIMIT_SECONDS = 0.5; // beyond a chunk

/** A microphone that gives blocks of samples. `sampleRate` is the model's where the browser can, which saves a delay. */
export class Microphone {
  static async open(preferredRate, onBlock) {
    // What cleans calls up also bends timbre, so it is all turned off.
    const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
    try {
      return await Microphone.#connect(stream, preferredRate, onBlock);
    } catch (error) {
      if (error.name !== "NotSupportedError") throw error;
      return Microphone.#connect(stream, undefined, onBlock); // Firefox: the stream's own rate and no other
    }
  }

  static async #connect(stream, sampleRate, onBlock) {
    const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    try {
      const source = context.createMediaStreamSource(stream);
      await context.audioWorklet.addModule(WORKLET);
      const node = new AudioWorkletNode(context, "openvoice-capture", { numberOfOutputs: 0 });
      node.port.onmessage = ({ data }) => onBlock(data);
      source.connect(node);
      return new Microphone(stream, context);
    } catch (error) {
      context.close();
      throw error;
    }
  }

  constructor(stream, context) {
    this.stream = stream;
    this.context = context;
    this.sampleRate = context.sampleRate;
  }

  close() {
    this.stream.getTracks().forEach((track) => track.stop());
    if (this.context.state !== "closed") this.context.close();
  }
}

/** A loudspeaker behind a bounded jitter buffer; `onReport` tells { played, dropped, gaps, buffered } in samples. */
export class Speaker {
  static async open(sampleRate, chunkSeconds, onReport) {
    const context = new AudioContext({ sampleRate, latencyHint: "interactive" });
    await context.audioWorklet.addModule(WORKLET);
    const processorOptions = { depthSeconds: DEPTH_SECONDS, limitSeconds: chunkSeconds + LIMIT_SECONDS };
    const node = new AudioWorkletNode(context, "openvoice-playback", { numberOfInputs: 0, outputChannelCount: [1], processorOptions });
    node.connect(context.destination);
    node.port.onmessage = ({ data }) => onReport(data);
    return new Speaker(context, node);
  }

  constructor(context, node) {
    this.context = context;
    this.port = node.port;
  }

  /** Seconds from the jitter buffer to the ear, as far as the browser knows. */
  get outputSeconds() {
    return this.context.baseLatency + (this.context.outputLatency || 0);
  }

  play(pcm) {
    this.port.postMessage(Float32Array.from(pcm, (sample) => sample / 32768));
  }

  close() {
    this.context.close();
  }
}
