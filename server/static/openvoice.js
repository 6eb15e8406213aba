/**
 * JavaScript client of the OpenVoice tone cloning API: an ES module without dependencies.
 *
 *   import { clone, cloneStream } from "/static/openvoice.js";
 *   const { audio } = await clone({ target: targetFile, source: sourceFile, tau: 0.5 });
 *   audioElement.src = URL.createObjectURL(audio);
 *
 * An audio argument is a Blob or File, an ArrayBuffer or a view of one, or base64 text (bare or a data URL).
 *
 * Connection options, taken by every call that talks to a server:
 *   server    address of the server; default "": the one that served the page
 *   apiKey    sent as `Authorization: Bearer`
 *   language  "zh" or "en": the language of error messages
 *   signal    AbortSignal; aborting rejects with the signal's reason and frees the place on the server
 *   retries   how often a 429 or 503 is retried; default 5
 *   onRetry   called with { attempt, seconds, error } before each wait
 */

const RETRIED_STATUSES = [429, 503];
const LONGEST_WAIT_SECONDS = 30;
const WAV_HEADER_BYTES = 44;
const MEDIA_TYPES = { wav: "audio/wav", flac: "audio/flac", mp3: "audio/mpeg", ogg: "audio/ogg", pcm: "audio/pcm" };

/** An error from the server or the connection, with `code`, `status`, `facts` and `requestId`. */
export class OpenVoiceError extends Error {
  constructor(message, { code, status = 0, facts = {}, requestId = null, retryAfterSeconds = null } = {}) {
    super(message);
    this.name = "OpenVoiceError";
    Object.assign(this, { code, status, facts, requestId, retryAfterSeconds });
  }
}

/**
 * Converts speech to the target's voice in one request.
 *
 * @param options target (one audio or a list of clips of one speaker), targetTone (from `tone`) or targetVoice (the
 *   name of a stored voice, or weights of several such as { anna: 0.7, ben: 0.3 }), source, tau, temperature, seed, format ("wav", the default, "flac", "mp3", "ogg" or "pcm"), sampleRate, and the
 *   connection options.
 * @returns {Promise<{audio: Blob, base64: string, stats: object}>} audio is a file in that format.
 */
export async function clone(options) {
  const { format, sampleRate } = options;
  const body = { ...(await cloneBody(options)), format, sample_rate: sampleRate };
  const response = await post("/api/clone", body, options);
  const answer = await response.json();
  const audio = new Blob([base64ToBytes(answer.result_audio)], { type: MEDIA_TYPES[format ?? "wav"] });
  return { audio, base64: answer.result_audio, stats: answer.stats };
}

/**
 * Converts speech of any length in one request whose result arrives while it is converted.
 *
 * @param options as for `clone`, and
 *   onStart({ seconds, samples, windows, lines, sample_rate, ... }) once, when the server has accepted the audio;
 *   onAudio(pcm: Int16Array, { index, startSeconds, seconds }) for each line of audio, in order;
 *   onProgress(share, 0 to 1) after each line.
 * @returns {Promise<{audio: Blob, stats: object}>} audio is the whole as a WAV file.
 */
export async function cloneStream(options) {
  const { onStart, onAudio, onProgress } = options;
  const response = await post("/api/clone/stream", await cloneBody(options), options);
  const windows = [];
  let start = null;
  for await (const line of jsonLines(response, options.signal)) {
    if (line.success === false) throw errorFrom(line, response);
    if (line.audio !== undefined) {
      const pcm = bytesToPcm(base64ToBytes(line.audio));
      windows.push(pcm);
      onAudio?.(pcm, { index: line.index, startSeconds: line.start_seconds, seconds: line.seconds });
      onProgress?.(line.progress);
    } else if (line.stats !== undefined) {
      return { audio: pcmToWav(joinPcm(windows), start.sample_rate), stats: line.stats };
    } else {
      start = line;
      onStart?.(line);
    }
  }
  throw interrupted();
}

/**
 * Converts speech and gives an address for an <audio> element, which plays while the rest is converted.
 *
 *   const { url, done } = await clonePlayable({ target, source, tau: 1 });
 *   audioElement.src = url;
 *   const file = await done;
 *
 * A browser whose MediaSource cannot play MP3 has to wait: there the address comes when all is converted.
 *
 * @param options as for `clone`, but for format: the result is an MP3 file.
 * @returns {Promise<{url: string, done: Promise<Blob>}>} url is an object URL, to be released with
 *   `URL.revokeObjectURL`; done gives the whole file, or rejects if the conversion fails half way.
 */
export async function clonePlayable(options) {
  const type = MEDIA_TYPES.mp3;
  const body = { ...(await cloneBody(options)), format: "mp3", sample_rate: options.sampleRate };
  const response = await post("/api/clone/stream", body, options);
  if (!globalThis.MediaSource?.isTypeSupported(type)) {
    const file = await collect(response, options.signal, type, () => {});
    return { url: URL.createObjectURL(file), done: Promise.resolve(file) };
  }
  const source = new MediaSource();
  const player = new Appender(source, type);
  const done = collect(response, options.signal, type, (chunk) => player.append(chunk));
  done.then(() => player.end(), () => player.end("network"));
  return { url: URL.createObjectURL(source), done };
}

/**
 * Measures the voice of one clip, so that it can be sent once and used many times.
 *
 * @param options audio, and the connection options.
 * @returns {Promise<{tone: string, seconds: number, warnings: string[]}>}
 */
export async function tone(options) {
  const response = await post("/api/tone", { audio: await audioToBase64(options.audio) }, options);
  return response.json();
}

/**
 * Stores a voice under a name, which `clone` and the others take as targetVoice.
 *
 * @param options name; audio (one or a list of clips of one speaker) or tone (from `tone`); keepAudio stores the
 *   clips too; and the connection options.
 * @returns {Promise<{name: string, seconds: number?, clips: number, created: string, model_id: string,
 *   warnings: string[], has_audio: boolean}>} the voice.
 */
export async function addVoice(options) {
  const { name, audio, tone, keepAudio = false } = options;
  const clips = audio && await Promise.all((Array.isArray(audio) ? audio : [audio]).map(audioToBase64));
  const response = await post("/api/voices", { name, audio: clips, tone, keep_audio: keepAudio }, options);
  return (await response.json()).voice;
}

/** Lists every stored voice by name; takes the connection options. */
export async function listVoices(options) {
  const voices = [];
  for (let after = ""; after !== null;) {
    const response = await ask("GET", `/api/voices?limit=1000&after=${encodeURIComponent(after)}`, undefined, options);
    const page = await response.json();
    voices.push(...page.voices);
    after = page.next;
  }
  return voices;
}

/** Deletes a stored voice and its audio; takes its name and the connection options. */
export async function deleteVoice(options) {
  await ask("DELETE", `/api/voices/${encodeURIComponent(options.name)}`, undefined, options);
}

/**
 * Tells whether an audio file is marked as generated, by a watermark in its audio or a label in its metadata.
 *
 * @param options audio, which is sent as it is, and the connection options.
 * @returns {Promise<{seconds: number, watermark: {present: boolean, confidence: number, stretches: object[]},
 *   metadata: object|null}>}
 */
export async function verify(options) {
  const response = await post("/api/verify", { audio: await audioToBase64(options.audio) }, options);
  return response.json();
}

/** A File or Blob as a base64 data URL. */
export async function fileToBase64(file) {
  const type = file.type || "application/octet-stream";
  return `data:${type};base64,${bytesToBase64(new Uint8Array(await file.arrayBuffer()))}`;
}

/**
 * Cuts a piece out of an AudioBuffer, mixed to mono.
 *
 * @param audioBuffer what `decodeAudioData` gave
 * @param start first sample of the piece
 * @param length samples of the piece; the last piece may be shorter
 * @returns a piece for `convertToBase64`: { sampleRate, length, numberOfChannels, getChannelData }
 */
export function extractSegment(audioBuffer, start, length) {
  const end = Math.min(start + length, audioBuffer.length);
  const samples = mixToMono(audioBuffer, start, end);
  return { sampleRate: audioBuffer.sampleRate, length: samples.length, numberOfChannels: 1, getChannelData: () => samples };
}

/** A piece from `extractSegment`, or a whole AudioBuffer, as a data URL of a 16-bit mono WAV file. */
export async function convertToBase64(segment) {
  return fileToBase64(encodeWav(mixToMono(segment, 0, segment.length), segment.sampleRate));
}

/** Joins the `result_audio` of several answers, in order, into one WAV file (a Blob). */
export async function mergeSegments(results) {
  const pieces = results.map((base64, index) => {
    if (typeof base64 !== "string") throw new TypeError(`Segment ${index + 1} of ${results.length} has no audio.`);
    return parseWav(base64ToBytes(base64));
  });
  return pcmToWav(joinPcm(pieces.map((piece) => piece.pcm)), pieces[0]?.sampleRate ?? 22050);
}

/** Mono float samples in [-1, 1] as a 16-bit WAV file (a Blob). */
export function encodeWav(samples, sampleRate) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < pcm.length; i += 1) pcm[i] = Math.round(Math.max(-1, Math.min(1, samples[i])) * 32767);
  return pcmToWav(pcm, sampleRate);
}

async function cloneBody({ target, targetTone, targetVoice, source, tau, temperature, seed }) {
  const body = { source_audio: await audioToBase64(source), tau, temperature, seed };
  if (targetVoice !== undefined) body.target_voice = targetVoice;
  else if (targetTone !== undefined) body.target_tone = targetTone;
  else if (Array.isArray(target)) body.target_audio = await Promise.all(target.map(audioToBase64));
  else body.target_audio = await audioToBase64(target);
  return body;
}

async function audioToBase64(audio) {
  if (typeof audio === "string") return audio;
  if (audio instanceof Blob) return fileToBase64(audio);
  if (audio instanceof ArrayBuffer) return bytesToBase64(new Uint8Array(audio));
  if (ArrayBuffer.isView(audio)) return bytesToBase64(new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength));
  throw new TypeError("Audio must be a Blob, a File, an ArrayBuffer or base64 text.");
}

const post = (path, body, options) => ask("POST", path, body, options);

async function ask(method, path, body, { server = "", apiKey, language, signal, retries = 5, onRetry } = {}) {
  const headers = { "Content-Type": "application/json" };
  if (apiKey) headers.Authorization = `Bearer ${apiKey}`;
  if (language) headers["Accept-Language"] = language;
  const request = { method, headers, body: body && JSON.stringify(body), signal };
  const address = server.replace(/\/+$/, "") + path;
  for (let attempt = 1; ; attempt += 1) {
    const response = await reach(address, request);
    if (response.ok) return response;
    const error = errorFrom(await response.json().catch(() => ({})), response);
    if (!RETRIED_STATUSES.includes(response.status) || attempt > retries) throw error;
    const seconds = error.retryAfterSeconds ?? Math.min(2 ** (attempt - 1), LONGEST_WAIT_SECONDS);
    onRetry?.({ attempt, seconds, error });
    await wait(seconds, signal);
  }
}

async function reach(address, request) {
  try {
    return await fetch(address, request);
  } catch (error) {
    if (request.signal?.aborted) throw error;
    throw new OpenVoiceError(`The server cannot be reached: ${error.message}`, { code: "unreachable" });
  }
}

function errorFrom(answer, response) {
  const { code = "unknown", ...facts } = answer.error ?? {};
  return new OpenVoiceError(answer.message ?? `The server answered ${response.status}.`, {
    code, facts, status: response.status, requestId: answer.request_id ?? null,
    retryAfterSeconds: retryAfter(response.headers.get("Retry-After")),
  });
}

function interrupted() {
  return new OpenVoiceError("The connection ended before the conversion did.", { code: "stream_interrupted" });
}

function retryAfter(header) {
  if (header === null) return null;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : null;
}

function wait(seconds, signal) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => { clearTimeout(timer); reject(signal.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener("abort", stop); resolve(); }, seconds * 1000);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Reads a response into a Blob, and gives each chunk as it arrives. */
async function collect(response, signal, type, onChunk) {
  const chunks = [];
  const reader = response.body.getReader();
  for (;;) {
    const { value, done } = await reader.read().catch((error) => {
      throw signal?.aborted ? error : interrupted();
    });
    if (done) return new Blob(chunks, { type });
    chunks.push(value);
    onChunk(value);
  }
}

/** Appends chunks to a MediaSource, in order, from when an element has opened it. */
class Appender {
  #source;
  #buffer = null;
  #waiting = [];
  #ended = false;
  #error;

  constructor(source, type) {
    this.#source = source;
    source.addEventListener("sourceopen", () => {
      this.#buffer = source.addSourceBuffer(type);
      this.#buffer.addEventListener("updateend", () => this.#next());
      this.#next();
    }, { once: true });
  }

  append(chunk) {
    this.#waiting.push(chunk);
    this.#next();
  }

  end(error) {
    this.#ended = true;
    this.#error = error;
    this.#next();
  }

  #next() {
    if (this.#source.readyState !== "open" || !this.#buffer || this.#buffer.updating) return;
    const chunk = this.#waiting.shift();
    if (chunk) this.#buffer.appendBuffer(chunk);
    else if (this.#ended) this.#source.endOfStream(this.#error);
  }
}

async function* jsonLines(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = [];
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => {
        throw signal?.aborted ? error : interrupted();
      });
      if (done) return;
      const [first, ...others] = value.split("\n");
      pending.push(first);
      for (const next of others) {
        const line = pending.join("");
        pending = [next];
        if (line) yield JSON.parse(line);
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function mixToMono(buffer, start, end) {
  const mix = new Float32Array(Math.max(0, end - start));
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = buffer.getChannelData(channel);
    for (let i = 0; i < mix.length; i += 1) mix[i] += samples[start + i] / buffer.numberOfChannels;
  }
  return mix;
}

function joinPcm(pieces) {
  const joined = new Int16Array(pieces.reduce((total, piece) => total + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.length;
  }
  return joined;
}

function pcmToWav(pcm, sampleRate) {
  const header = new DataView(new ArrayBuffer(WAV_HEADER_BYTES));
  const text = (at, letters) => [...letters].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, WAV_HEADER_BYTES - 8 + pcm.byteLength, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, sampleRate, true);
  header.setUint32(28, sampleRate * 2, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, pcm.byteLength, true);
  return new Blob([header, pcm], { type: "audio/wav" });
}

function parseWav(bytes) {
  const view = new DataView(bytes.buffer);
  const name = (at) => String.fromCharCode(...bytes.subarray(at, at + 4));
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at + 4, true);
    if (name(at) === "fmt ") sampleRate = view.getUint32(at + 12, true);
    if (name(at) === "data") return { sampleRate, pcm: bytesToPcm(bytes.subarray(at + 8, at + 8 + size)) };
    at += 8 + size + (size % 2);
  }
  throw new TypeError("The segment is not a WAV file.");
}

function bytesToPcm(bytes) {
  return new Int16Array(bytes.slice().buffer, 0, bytes.length >> 1);
}

function bytesToBase64(bytes) {
  const pieces = [];
  for (let i = 0; i < bytes.length; i += 0x8000) pieces.push(String.fromCharCode(...bytes.subarray(i, i + 0x8000)));
  return btoa(pieces.join(""));
}

function base64ToBytes(base64) {
  const binary = atob(base64.slice(base64.indexOf(",") + 1));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
