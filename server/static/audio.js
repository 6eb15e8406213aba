// Audio clips of the visitor: decoded for drawing, and converted to a format that the server accepts.
import { encodeWav } from "./openvoice.js";

/** The rate at which results come, and at which everything is drawn and played. */
export const SAMPLE_RATE = 22050;

/** A file that neither the server nor this browser can read. */
export class UnreadableAudio extends Error {}

/**
 * Prepares a file for drawing and sending.
 *
 * @param blob the file
 * @param name what it is called on the page
 * @returns {Promise<{name, blob, samples, seconds, converted}>} blob is what to send; samples (mono, 22050 Hz) and
 *   seconds are null where the server reads the format but this browser does not; converted says that the browser
 *   turned another format into WAV.
 */
export async function prepareClip(blob, name) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const accepted = isServerFormat(bytes);
  const samples = await decode(bytes.buffer);
  if (samples === null) {
    if (!accepted) throw new UnreadableAudio(name);
    return { name, blob, samples, seconds: null, converted: false };
  }
  const converted = !accepted;
  return { name, blob: converted ? encodeWav(samples, SAMPLE_RATE) : blob, samples, seconds: samples.length / SAMPLE_RATE, converted };
}

/** The clip's file, or a WAV of it if the file is too big in base64 and the WAV is smaller. */
export function fittingBlob(clip, base64Bytes) {
  if (clip.samples === null || Math.ceil(clip.blob.size / 3) * 4 < base64Bytes) return clip.blob;
  const wav = encodeWav(clip.samples, SAMPLE_RATE);
  return wav.size < clip.blob.size ? wav : clip.blob;
}

/** The samples of several clips, joined. */
export function joinSamples(clips) {
  const joined = new Float32Array(clips.reduce((total, clip) => total + clip.samples.length, 0));
  let position = 0;
  for (const clip of clips) {
    joined.set(clip.samples, position);
    position += clip.samples.length;
  }
  return joined;
}

function isServerFormat(bytes) {
  const text = (at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
  const isMp3Frame = bytes[0] === 0xff && (bytes[1] & 0xe6) === 0xe2;
  return (text(0, 4) === "RIFF" && text(8, 4) === "WAVE") || ["fLaC", "OggS"].includes(text(0, 4)) || text(0, 3) === "ID3" || isMp3Frame;
}

async function decode(buffer) {
  const context = new OfflineAudioContext(1, 1, SAMPLE_RATE); // decoding resamples to the context's rate
  let audio;
  try {
    audio = await context.decodeAudioData(buffer);
  } catch {
    return null;
  }
  if (audio.length === 0) return null;
  const mono = new Float32Array(audio.length);
  for (let channel = 0; channel < audio.numberOfChannels; channel += 1) {
    const samples = audio.getChannelData(channel);
    for (let i = 0; i < mono.length; i += 1) mono[i] += samples[i] / audio.numberOfChannels;
  }
  return mono;
}
