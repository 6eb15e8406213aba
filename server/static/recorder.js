// The microphone: records with MediaRecorder and reports the level while it does.

/** Why this page cannot record, as a key of text.js; null where it can. */
export function recordingObstacle() {
  if (!window.isSecureContext) return "microphone.insecure";
  if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return "microphone.unsupported";
  return null;
}

/** The key in text.js for an error of getUserMedia or MediaRecorder. */
export function recordingProblem(error) {
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return "microphone.refused";
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") return "microphone.absent";
  return "microphone.failed";
}

/**
 * Starts recording.
 *
 * @param onLevel called some times a second with (peak 0 to 1, seconds so far)
 * @returns {Promise<{stop: () => Promise<Blob>}>} the blob is in the browser's own format, WebM mostly.
 */
export async function startRecording(onLevel) {
  // Processing for calls changes the timbre, so all of it is turned off.
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
  const recorder = new MediaRecorder(stream);
  const pieces = [];
  recorder.addEventListener("dataavailable", (event) => pieces.push(event.data));
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const started = performance.now();
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 0);
    onLevel(peak, (performance.now() - started) / 1000);
  }, 80);
  recorder.start();

  return {
    stop() {
      return new Promise((resolve) => {
        clearInterval(timer);
        recorder.addEventListener("stop", () => {
          stream.getTracks().forEach((track) => track.stop());
          context.close();
          resolve(new Blob(pieces, { type: recorder.mimeType }));
        });
        recorder.stop();
      });
    },
  };
}
