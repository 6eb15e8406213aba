/**
 * Client of /api/clone/live: an ES module that needs only openvoice.js.
 *
 *   const session = await openLive({ target: file, tau: 1, sampleRate: 22050, onAudio: (pcm) => play(pcm) });
 *   session.send(samples); // Float32Array, as they are spoken
 *   const stats = await session.end();
 */
import { OpenVoiceError, fileToBase64 } from "./openvoice.js";

const PATH = "/api/clone/live";
const PROTOCOL = "openvoice.live";
const KEY_PROTOCOL = "openvoice.key.";
const LONGEST_UNSENT_SECONDS = 2;

/**
 * Opens a live session.
 *
 * @param options target (Blobs of one speaker), targetTone or targetVoice; tau, temperature, seed, latency, sampleRate; server, apiKey;
 *   onAudio(pcm: Int16Array) for each piece that comes back; onFailure(error) where the session ends early.
 * @returns {Promise<LiveSession>} once the server is ready for samples.
 */
export async function openLive(options) {
  const { target, targetTone, targetVoice, tau, temperature, seed, latency, sampleRate, server = "", apiKey = null } = options;
  const start = { target_tone: targetTone, target_voice: targetVoice, tau, temperature, seed, latency, sample_rate: sampleRate };
  if (target) start.target_audio = await Promise.all(target.map(fileToBase64));
  const address = new URL(server + PATH, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const protocols = apiKey ? [PROTOCOL, KEY_PROTOCOL + base64Url(apiKey)] : [PROTOCOL];
  const socket = new WebSocket(address, protocols);
  socket.binaryType = "arraybuffer";
  const session = new LiveSession(socket, sampleRate, options);
  socket.addEventListener("open", () => socket.send(JSON.stringify(start)));
  await session.opened;
  return session;
}

/** A session that is open; `ready` is what the server said: latency_seconds, chunk_seconds, sample_rate. */
export class LiveSession {
  ready = null;
  /** Samples that were left out because the network took no more. */
  lostSamples = 0;
  #socket;
  #limitBytes;
  #handlers;
  #opening = Promise.withResolvers();
  #closing = Promise.withResolvers();
  #failure = null;

  constructor(socket, sampleRate, { onAudio, onFailure }) {
    this.#socket = socket;
    this.#limitBytes = LONGEST_UNSENT_SECONDS * sampleRate * 2;
    this.#handlers = { onAudio, onFailure };
    this.#closing.promise.catch(() => {}); // onFailure tells of it where nobody awaits the end
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", ({ code }) => this.#closed(code));
  }

  get opened() {
    return this.#opening.promise;
  }

  /** Sends samples, a Float32Array from -1 to 1; what the network does not take in time is left out. */
  send(samples) {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    if (this.#socket.bufferedAmount > this.#limitBytes) {
      this.lostSamples += samples.length;
      return;
    }
    const pcm = new DataView(new ArrayBuffer(2 * samples.length));
    samples.forEach((sample, i) => pcm.setInt16(2 * i, Math.round(Math.max(-1, Math.min(1, sample)) * 32767), true));
    this.#socket.send(pcm.buffer);
  }

  /** Ends the speech. @returns {Promise<object>} the stats, after the last piece came back. */
  end() {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "end" }));
    return this.#closing.promise;
  }

  /** Ends the session at once. */
  close() {
    this.#handlers = {};
    this.#socket.close();
  }

  #receive(data) {
    if (typeof data !== "string") {
      this.#handlers.onAudio?.(littleEndian(data));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "ready") {
      this.ready = message;
      this.#opening.resolve();
    } else if (message.type === "done") {
      this.#closing.resolve(message.stats);
    } else if (message.type === "error") {
      const { code, ...facts } = message.error;
      const retryAfterSeconds = facts.retry_after_seconds ?? null;
      this.#failure = new OpenVoiceError(message.message, { code, facts, requestId: message.request_id, retryAfterSeconds });
    }
  }

  #closed(code) {
    // A browser does not tell why a server refused the connection itself.
    const reason = this.ready ? "stream_interrupted" : "unreachable";
    const failure = this.#failure ?? new OpenVoiceError(`The connection was closed (${code}).`, { code: reason });
    this.#opening.reject(failure);
    this.#closing.reject(failure); // does nothing where the session was done
    if (code !== 1000 && this.ready) this.#handlers.onFailure?.(failure);
  }
}

function littleEndian(buffer) {
  const view = new DataView(buffer);
  return Int16Array.from({ length: buffer.byteLength / 2 }, (_, i) => view.getInt16(2 * i, true));
}

function base64Url(text) {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
